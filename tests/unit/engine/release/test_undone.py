"""What a deploy undoes of a revision that somebody made with helm."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm_output import Live, Rendered
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import undone
from learnflow_infra.engine.request.foreign_revisions import ForeignRevision, is_foreign
from learnflow_infra.outputs.record import Record, ReleaseRecord, Revision

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '%s', b: '%s'}\n---\n"


def live(number, values, manifest="", description="Upgrade complete"):
    return Live(
        revision=number,
        status="deployed",
        manifest=Manifest(text=manifest),
        values=values,
        begun=float(number),
        description=description,
    )


def found(own, theirs):
    return ForeignRevision(live=theirs, own=own)


def item(values, manifest=""):
    desired = Rendered(manifest=Manifest(text=manifest), values=values)
    release = SimpleNamespace(name="demo")
    return SimpleNamespace(prepared=SimpleNamespace(release=release), desired=desired, generated=())


@pytest.mark.parametrize(
    ("own", "theirs", "desired", "keys"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1}, ["demo.a"]),
        ({"a": 1}, {"a": 2}, {"a": 3}, ["demo.a"]),
        ({"a": 1}, {"a": 2}, {"a": 2}, []),
        ({"a": 1}, {"a": 1}, {"a": 2}, []),  # this run asks for it
        ({"a": 1}, {}, {"a": 1}, ["demo.a"]),
        ({}, {"b": {"c.d": [1]}}, {}, ["demo.b.c\\.d"]),
    ],
)
def test_keys_that_only_the_user_set(own, theirs, desired, keys):
    revision = found(live(1, own), live(2, theirs))
    assert undone.keys(item(desired), revision) == keys


def test_fields_and_objects_that_only_the_user_has():
    own, theirs = MAP % ("m", "1", "1"), MAP % ("m", "2", "1") + MAP % ("more", "1", "1")
    revision = found(live(1, {}, own), live(2, {}, theirs))
    fields = undone.fields(item({}, MAP % ("m", "1", "3")), revision)
    assert fields == ["ConfigMap/m .data.a", "ConfigMap/more"]


def test_the_line_names_the_revision_and_no_value():
    text = undone.line(item({}), found(live(1, {}), live(5, {"password": "secret"})))
    assert text == (
        "Warning: no deploy made revision 5 of demo (Upgrade complete). This run undoes its "
        "demo.password. To keep its values: --keep-foreign"
    )
    many = found(live(1, {}), live(5, {f"k{n:02}": n for n in range(14)}))
    assert "demo.k11 and 2 more." in undone.line(item({}), many)
    assert undone.line(item({}), found(None, live(5, {}))).endswith("undoes none of its changes.")


def record(*numbers):
    ready = tuple(Revision(revision=n, deployed=float(n), at="T", verified=True) for n in numbers)
    return Record(releases={"demo": ReleaseRecord(skill="s", revisions=ready)})


@pytest.mark.parametrize(
    ("description", "known", "foreign"),
    [
        ("deploy", record(1), False),
        ("deploy, with a", record(1), False),
        ("Upgrade complete", record(1), True),
        ("deployed by me", record(1), True),
        ("Rollback to 1", record(1, 2), False),
        ("Upgrade complete", Record(), False),
    ],
)
def test_a_revision_is_foreign_by_its_description_and_the_record(description, known, foreign):
    assert is_foreign(live(2, {}, description=description), known, "demo") is foreign
