import pytest

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.values import compute, read_overrides
from learnflow_infra.values.merge import merge, put

KAFKA, POSTGRES = ReleaseName("kafka"), ReleaseName("postgres")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_layers_in_their_order(tmp_path):
    write(tmp_path / "kafka/values.yaml", "a: 1\nb: {x: 1, y: 1}\nlist: [1, 2]\n")
    write(tmp_path / "kafka/values-embedded.yaml", "b: {x: 2}\n")
    first = write(tmp_path / "1.yaml", "kafka: {b: {y: 3}, list: [9]}\nglobal: {g: 1}\n")
    second = write(tmp_path / "2.yaml", "kafka: {b: {y: 4}}\npostgres: {a: 7}\n")
    overrides = read_overrides([first, second], [KAFKA, POSTGRES])
    image = {"image": {"tag": "t"}}
    values = compute(KAFKA, Profile("embedded"), image, overrides, folder=tmp_path)
    assert values == {
        "a": 1,
        "b": {"x": 2, "y": 4},
        "list": [9],
        "image": {"tag": "t"},
        "global": {"g": 1},
    }


def test_an_unknown_release_is_refused_with_its_line_and_a_suggestion(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka: {}\npostgers: {a: 1}\n")
    with pytest.raises(InputError, match=r"v.yaml:2: 'postgers' is no release") as error:
        read_overrides([file], [KAFKA, POSTGRES])
    assert error.value.remedy == "Did you mean postgres?"


def test_a_release_must_hold_a_mapping(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka: 3\n")
    with pytest.raises(InputError, match=r"v.yaml:1: 'kafka' must hold a mapping"):
        read_overrides([file], [KAFKA])


def test_a_key_that_is_no_text_is_refused(tmp_path):
    file = write(tmp_path / "v.yaml", "on: {a: 1}\n")
    with pytest.raises(InputError, match="True is no release"):
        read_overrides([file], [KAFKA])


def test_a_release_without_values_is_fine(tmp_path):
    file = write(tmp_path / "v.yaml", "kafka:\n")
    assert compute(KAFKA, Profile("x"), {}, read_overrides([file], [KAFKA]), tmp_path) == {}


def test_merge_changes_neither_side():
    base, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge(base, over) == {"a": {"b": 1, "c": 2}}
    assert (base, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_put_makes_the_way():
    assert put({"a": {"x": 1}}, "a.b.c", 3) == {"a": {"x": 1, "b": {"c": 3}}}
    assert put({}, "image", 1) == {"image": 1}
