"""What helm generates at each rendering is no change, and is named."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learnflow_infra.engine.release import changes, generated


def config_map(name="a", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def job(name, image="i"):
    metadata = {"name": name}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"image": image}}


def coded(text):
    return base64.b64encode(text.encode()).decode()


def secret(**data):
    coded_data = {key: coded(value) for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": coded_data}


def keyed(*objects):
    return {changes.key(obj): obj for obj in objects}


def test_generated_values_are_no_change():
    live, first, second = (
        keyed(secret(password=text), config_map(x="1", list=["a", text]))
        for text in ("kept", "random1", "random2")
    )
    assert generated.settled(live, first, second) == live


def test_a_desired_change_is_kept_beside_generated_values():
    live = keyed(config_map(x="1", random="kept"))
    first, second = (keyed(config_map(x="2", random=text)) for text in ("r1", "r2"))
    assert generated.settled(live, first, second) == keyed(config_map(x="2", random="kept"))


def test_a_new_object_keeps_generated_values():
    first, second = keyed(secret(a="1")), keyed(secret(a="2"))
    assert generated.settled({}, first, second) == first


VALUES = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from("abc"), v, max_size=3),
    max_leaves=8,
)


@given(live=VALUES, desired=VALUES)
def test_without_random_values_the_live_object_is_not_used(live, desired):
    rendered = keyed({**config_map(), "data": desired})
    assert generated.settled(keyed({**config_map(), "data": live}), rendered, rendered) == rendered


@pytest.mark.parametrize("code", [str, coded])
@pytest.mark.parametrize(
    ("live", "first", "second", "changed"),
    [
        ("user=a\npass=k1", "user=a\npass=r1", "user=a\npass=r2", False),
        ("user=b\npass=k1", "user=a\npass=r1", "user=a\npass=r2", True),
        ("pg://app:k@old/db", "pg://app:r1@new/db", "pg://app:r2@new/db", True),
        ("pg://app:k@new/db", "pg://app:r1@new/db", "pg://app:r2@new/db", False),
        ("k1", "xab", "xcb", False),
        ("one\ntwo", "r1", "r2", False),
    ],
)
def test_a_change_beside_a_generated_part_of_a_text_is_one(code, live, first, second, changed):
    old, new, again = (keyed(config_map(x=code(text))) for text in (live, first, second))
    assert bool(changes.diff(old, generated.settled(old, new, again))) == changed


def test_an_object_with_a_generated_name_is_the_live_one():
    live = keyed(config_map("pre-zz"), job("pre-1a"), job("other"))
    first, second = (
        keyed(config_map("pre-zz"), job(name), job("other")) for name in ("pre-2b", "pre-2c")
    )
    known = generated.settled(live, first, second)
    assert changes.diff(live, known) == []
    (made,) = generated.changes_of(first, known)
    assert (made.object, made.kind) == ("Job/pre-1a", "generated")
    assert made.text == "metadata.name: generated at each rendering"


def test_a_change_of_an_object_with_a_generated_name_is_one():
    live = keyed(job("pre-1a", "old"))
    first, second = (keyed(job(name, "new")) for name in ("pre-2b", "pre-3c"))
    (change,) = changes.diff(live, generated.settled(live, first, second))
    assert (change.object, change.kind) == ("Job/pre-1a", "changed")
    assert "-  image: old\n+  image: new" in change.text


def test_each_generated_name_stands_for_one_live_object():
    live = keyed(job("a-1", "x"), job("b-1", "y"), job("gone"))
    first = keyed(job("b-2", "y"), job("a-2", "x"))
    second = keyed(job("b-3", "y"), job("a-3", "x"))
    (change,) = changes.diff(live, generated.settled(live, first, second))
    assert (change.object, change.kind) == ("Job/gone", "removed")


def test_the_number_of_the_revision_is_no_change():
    live = keyed(config_map(x="rev 4", y="4"), job("migrate-4"))
    first = keyed(config_map(x="rev 7", y="7"), job("migrate-7"))
    other = keyed(config_map(x="rev 1", y="7"), job("migrate-1"))
    assert generated.may_be_of_revision(live, first, (4, 7))
    known = generated.of_revision(live, first, other, (4, 7))
    assert known == keyed(config_map(x="rev 4", y="7"), job("migrate-4"))
    assert [made.object for made in generated.changes_of(first, known)] == [
        "ConfigMap/a",
        "Job/migrate-4",
    ]
    assert not generated.may_be_of_revision(live, keyed(config_map(x="rev 5", y="8")), (4, 7))


@pytest.mark.parametrize(
    ("live", "first", "expected"),
    [
        ("1764144000", "1764147600", True),
        ("2026-11-26T08:00:00Z", "2026-11-26T08:00:01Z", True),
        ("at 8:01", "at 8:02", True),
        ("30092", "30093", False),
        ("1764144000", "soon", False),
    ],
)
def test_what_may_be_a_time(live, first, expected):
    assert generated.may_be_time(keyed(config_map(x=live)), keyed(config_map(x=first))) is expected
