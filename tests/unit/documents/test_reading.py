"""One dialect of YAML, that of Helm and kubectl, wherever a document is read."""

import pytest
import yaml

from learnflow_infra import documents
from learnflow_infra.documents import reading
from learnflow_infra.errors import InputError
from learnflow_infra.paths import repo_root

TABLE = repo_root() / "tests/unit/tables/values_yaml.yaml"
ROWS = [row for row in yaml.safe_load(TABLE.read_text()) if "---" not in row["text"]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("1:30:30", "1:30:30"),
        ("y", True),
        ("No", False),
        ("0o17", 15),
        ("0888", 888),
        ("1e3", 1000),
        (".5", 0.5),
        ("2001-01-01", "2001-01-01"),
        ("=", "="),
    ],
)
def test_a_manifest_is_read_as_values_are(text, value):
    source = f"a: {text}\n"
    (manifest,) = documents.parse_all(source)
    assert manifest == reading.parse(source.encode(), "values.yaml").content == {"a": value}
    assert type(manifest["a"]) is type(value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"])
def test_manifests_follow_the_table_of_helm(row):
    if "refused" in row:
        with pytest.raises(InputError):
            documents.parse_all(row["text"])
    else:
        assert (documents.parse_all(row["text"]) or [{}]) == [row["seen"]]


def test_integral_floats_of_64_bits_are_integers_as_in_json():
    (read,) = documents.parse_all("a: [1e3, 2.0, 1e21, -0.0]\n")
    assert [type(item) for item in read["a"]] == [int, int, float, float]


def test_a_stream_has_documents_and_empty_ones_are_left_out():
    text = "---\n# Source: a\na: 1\n--- # next\n---\n~\n---\nb: 2\n...\nc: 3\n"
    assert documents.parse_all(text) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    "word", ["y", "No", "0o17", "1:30", "1e3", "0888", "~", "", "=", "<<", "."]
)
def test_texts_are_written_so_that_they_stay_texts(word):
    text = documents.dump({"a": word, word: "key"})
    assert documents.parse_all(text) == [{"a": word, word: "key"}]
    assert documents.parse_all(documents.dump_all([{"a": word}, {"b": 1}]))[0] == {"a": word}


def test_numbers_too_long_for_python_are_floats_or_texts_as_in_go():
    assert documents.parse(f"a: {'9' * 200}\nb: {'9' * 5000}\n", "f").content == {
        "a": float("9" * 200),
        "b": "9" * 5000,
    }
