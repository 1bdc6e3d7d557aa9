import pytest

from learnflow_infra.dialect import HELM_3, HELM_4
from learnflow_infra.documents.merging import coalesce, merge, put
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.values import Flags, Layer, compute, read_overrides

KAFKA, POSTGRES = ReleaseName("kafka"), ReleaseName("postgres")
EMBEDDED = Profile("embedded")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(*files, **flags):
    return read_overrides(Flags(files=files, **flags), [KAFKA, POSTGRES])


def test_layers_in_their_order(tmp_path):
    write(tmp_path / "kafka/values.yaml", "a: 1\nb: {x: 1, z: 1}\nlist: [1, 2]\n")
    write(tmp_path / "kafka/values-embedded.yaml", "b: {x: 2}\n")
    first = write(tmp_path / "1.yaml", "kafka: {b: {z: 3}, list: [9]}\nglobal: {g: 1}\n")
    second = write(tmp_path / "2.yaml", "kafka: {b: {z: 4}}\npostgres: {a: 7}\n")
    values = compute(
        KAFKA,
        EMBEDDED,
        overrides=read(first, second, set_values=("kafka.c=5,postgres.c=6",)),
        below=[Layer(name="image", values={"image": {"tag": "t"}, "c": 4})],
        above=[Layer(name="mirror", values={"image": {"registry": "m"}})],
        folder=tmp_path,
    ).values
    assert values == {
        "a": 1,
        "b": {"x": 2, "z": 4},
        "list": [9],
        "image": {"tag": "t", "registry": "m"},
        "c": 5,
        "global": {"g": 1},
    }


def test_flags_win_in_helms_order_whatever_the_order_in_which_they_were_typed(tmp_path):
    file = write(tmp_path / "text", "from a file")
    flags = {
        "set_file": (f"kafka.e={file}",),
        "set_string": ("kafka.d=1,kafka.e=1",),
        "set_values": ("kafka.c=1,kafka.d=2,kafka.e=2",),
        "set_json": ('kafka.b="json",kafka.c="json",kafka.d=[],kafka.e=0',),
    }
    values = write(tmp_path / "v.yaml", "kafka: {a: f, b: f, c: f, d: f, e: f}\n")
    computed = compute(KAFKA, EMBEDDED, overrides=read(values, **flags), folder=tmp_path)
    assert computed.values == {"a": "f", "b": "json", "c": 1, "d": "1", "e": "from a file"}


def test_an_index_changes_the_list_of_the_layers_below(tmp_path):
    write(tmp_path / "kafka/values.yaml", "topics: [{name: a, partitions: 1}, {name: b}]\n")
    overrides = read(set_values=("kafka.topics[0].partitions=6",))
    values = compute(KAFKA, EMBEDDED, overrides=overrides, folder=tmp_path).values
    assert values == {"topics": [{"name": "a", "partitions": 6}, {"name": "b"}]}


def test_integers_behind_set_are_repeated_to_helm_which_reads_other_numbers_as_floats(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka: {a: 1, b: 2, c: 3}\n")
    flags = {
        "set_values": (r"kafka.a=7,kafka.l={1,x},kafka.d\.e=0,global.g=-5,kafka.f=x,kafka.h=9",)
    }
    computed = compute(
        KAFKA, EMBEDDED, overrides=read(file, set_string=("kafka.h=9",), **flags), folder=tmp_path
    )
    assert computed.set_arguments == ("a=7", "l[0]=1", r"d\.e=0", "global.g=-5")
    assert type(computed.values["a"]) is int


def test_an_unknown_release_is_refused_with_its_line_and_a_suggestion(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka: {}\npostgers: {a: 1}\n")
    with pytest.raises(InputError, match=r"v.yaml:2: 'postgers' is not a release") as error:
        read(file)
    assert error.value.remedy == "Did you mean postgres?"


def test_a_key_without_its_release_is_shown_below_each():
    with pytest.raises(InputError) as error:
        read(set_values=("primary.port=1",))
    both = "kafka.primary or postgres.primary"
    assert error.value.remedy == f"Write it below its release: {both}"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"set_values": ("kafak.a=1",)}, "--set kafak.a: 'kafak' is not a release"),
        ({"set_values": ("kafka.a=1,b=2",)}, "--set b: 'b' is not a release"),
        ({"set_json": ("kafak={}",)}, "--set-json kafak: 'kafak' is not a release"),
        ({"set_string": ("=1",)}, "--set-string : '' is not a release"),
    ],
)
def test_an_unknown_release_behind_a_flag_is_refused_with_the_flag(flags, said):
    with pytest.raises(InputError) as error:
        read(**flags)
    assert error.value.what.startswith(said)


@pytest.mark.parametrize("text", ["kafka: 3\n", "kafka:\n", "kafka: [1]\n"])
def test_a_release_must_hold_a_mapping(tmp_path, text):
    file = write(tmp_path / "v.yaml", text)
    with pytest.raises(InputError, match=r"v.yaml:1: 'kafka' must be a mapping") as error:
        compute(KAFKA, EMBEDDED, overrides=read(file), folder=tmp_path)
    assert "kafka: {}" in str(error.value.remedy)


def test_a_later_mapping_mends_a_release_that_held_none(tmp_path):
    first = write(tmp_path / "1.yaml", "kafka:\n")
    second = write(tmp_path / "2.yaml", "kafka: {a: 1}\n")
    computed = compute(KAFKA, EMBEDDED, overrides=read(first, second), folder=tmp_path)
    assert computed.values == {"a": 1}


def test_a_broken_release_does_not_disturb_another(tmp_path):
    overrides = read(set_values=("kafka=1", "kafka.a=1"))
    assert compute(POSTGRES, EMBEDDED, overrides=overrides, folder=tmp_path).values == {}


def test_several_files_in_one_option(tmp_path):
    for name in ("1", "2"):
        write(tmp_path / name, f"kafka: {{a: {name}}}\n")
    overrides = read(f"{tmp_path}/1,{tmp_path}/2")
    assert compute(KAFKA, EMBEDDED, overrides=overrides, folder=tmp_path).values == {"a": 2}


def test_stdin_is_a_file_and_a_value(monkeypatch, tmp_path):
    import io
    import sys
    from pathlib import Path
    from types import SimpleNamespace

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"kafka: {a: 1}\n")))
    overrides = read(Path("-"), Path("-"), set_file=("kafka.b=-",))
    values = compute(KAFKA, EMBEDDED, overrides=overrides, folder=tmp_path).values
    assert values == {"a": 1, "b": ""}


def test_globals_that_helm_leaves_alone_are_told(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka: {global: {x: {a: 1}}}\nglobal: {x: 1, z: 2}\n")
    computed = compute(KAFKA, EMBEDDED, overrides=read(file), folder=tmp_path)
    assert computed.values == {"global": {"x": {"a": 1}, "z": 2}}
    assert computed.warnings == ("global.x is a mapping on one side only.",)


def test_merge_changes_neither_side():
    base, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge(base, over) == {"a": {"b": 1, "c": 2}}
    assert (base, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_put_makes_the_way():
    assert put({"a": {"x": 1}}, "a.b.c", 3) == {"a": {"x": 1, "b": {"c": 3}}}
    assert put({}, "image", 1) == {"image": 1}


@pytest.mark.parametrize(
    ("json", "text"),
    [
        (r'"\ud83d\ude00 \u00e9 \u007f"', '"\U0001f600 \\u00e9 \\u007f"'),
        (r'"\\ud83d\\ude00"', r'"\\ud83d\\ude00"'),
        (r'"\\\ud83d\ude00"', '"\\\\\U0001f600"'),
        (r'"\ud83d"', r'"\ud83d"'),
    ],
)
def test_helm_gets_json_without_surrogate_pairs(json, text):
    from learnflow_infra.clients.installation import readable

    assert readable(json.encode()).decode() == text


def test_what_the_chart_sees_comes_in_the_charts_order_and_nulls_delete_defaults():
    defaults = {"a": {"b": None, "c": 1}, "d": None, "e": 2, "f": {"g": 3}}
    values = {"z": None, "e": None, "f": {"g": None, "h": None}}
    seen = coalesce(defaults, values, HELM_3)
    assert list(seen.items()) == [
        ("a", {"b": None, "c": 1}),
        ("d", None),
        ("f", {"h": None}),
        ("z", None),
    ]
    assert list(coalesce(defaults, values, HELM_4).items()) == [
        ("a", {"c": 1}),
        ("f", {"h": None}),
        ("z", None),
    ]
