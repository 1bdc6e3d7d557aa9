"""Tables of flags and of files; test_values_against_helm.py asks helm about the same rows."""

import dialects
import pytest
import yaml
from dialects import DIALECTS, rows

from learnflow_infra.documents import dump, reading
from learnflow_infra.errors import InputError
from learnflow_infra.paths import repo_root
from learnflow_infra.values.assign import PathError

TABLES = repo_root() / "tests/unit/tables"
FLAGS = yaml.safe_load((TABLES / "values_flags.yaml").read_text())
FILES = yaml.safe_load((TABLES / "values_yaml.yaml").read_text())
TEXTS = {"one.txt": "first\n", "two.txt": "2"}


def read_text(path):
    if path not in TEXTS:
        raise InputError(f"{path or 'an empty path'} cannot be read")
    return TEXTS[path]


def laid(flags, major=4):
    document = {}
    for typed in flags:
        flag, _, text = typed.partition(" ")
        document = dialects.laid(document, flag, text, read_text, DIALECTS[major])
    return document


def both(table, name):
    """A table's rows for both major versions of helm."""
    pairs = [(major, row) for major in DIALECTS for row in rows(table, major)]
    return pytest.mark.parametrize(
        ("major", "row"), pairs, ids=lambda x: str(x.get(name)) if isinstance(x, dict) else x
    )


@both(FLAGS, "flags")
def test_flags(major, row):
    if "refused" in row:
        with pytest.raises((InputError, PathError)) as error:
            laid(row["flags"], major)
        assert row["refused"] in str(error.value)
    else:
        found = laid(row["flags"], major)
        assert found == row["seen"]
        assert kinds(found) == kinds(row["seen"])


def kinds(value):
    """Types, for in Python 1 is 1.0 and True."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return bool if value is True or value is False else isinstance(value, int) or type(value)


def test_a_path_may_have_thirty_dots():
    laid(["--set " + ".".join("a" * 31) + "=1"])
    with pytest.raises(InputError, match="too deep"):
        laid(["--set " + ".".join("a" * 32) + "=1"])


def test_no_message_repeats_a_value():
    for text in ("p={hunter2", "p=hunter2,x", "p=hunter2,a.=hunter2", "p=hunter2,p[0]=hunter2"):
        with pytest.raises((InputError, PathError)) as error:
            laid([f"--set {text}"])
        assert "hunter2" not in str(error.value)
    with pytest.raises(InputError) as error:
        laid(['--set-json p="hunter2'])
    assert "hunter2" not in str(error.value)


@both(FILES, "text")
def test_files(major, row):
    parse = dialects.parser(DIALECTS[major])
    if "refused" in row:
        with pytest.raises(InputError) as error:
            parse(row["text"].encode(), "file")
        assert row["refused"] in str(error.value)
    else:
        found = parse(row["text"].encode(), "file").content
        assert found == row["seen"]
        assert kinds(found) == kinds(row["seen"])
        assert reading.parse(dump(found).encode(), "again").content == found


def test_lines_of_later_documents_are_those_of_the_file():
    text = b"a: 1\nb: 1\n---\nb: 2\n--- # more\nc:\n- 9007199254740993\nc: 3\n"
    file = reading.parse_merged(text, "v.yaml")
    assert file.content == {"a": 1, "b": 2, "c": 3}
    assert [file.line((key,)) for key in "abc"] == [1, 4, 8]
    assert [number.line for number in file.rounded] == [7]
    assert file.duplicates[0].startswith("v.yaml:8: the key 'c' is set twice")


def test_lines_and_what_stands_twice():
    file = reading.parse(b"a:\n  b: 1\n  c: {d: 2}\n  b: 3\nl:\n- {b: 1}\n", "v.yaml")
    assert [file.source(path) for path in [("a",), ("a", "c", "d"), ("a", "c", "x"), ("y",)]] == [
        "v.yaml:1",
        "v.yaml:3",
        "v.yaml:3",
        "v.yaml",
    ]
    (warning,) = file.duplicates
    assert warning.startswith("v.yaml:4: the key 'b' is set twice; its value on line 2 is ignored.")


def test_aliases_that_explode_are_stopped():
    text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(InputError, match="not valid YAML") as error:
        reading.parse(text.encode(), "v.yaml")
    assert "aliases expand" in error.value.why


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"none.yaml cannot be read"):
        reading.read(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(InputError, match="not UTF-8 text"):
        reading.read(tmp_path / "latin.yaml")


@pytest.mark.parametrize("text", ["1e3", "y", "0o17", " x", "x: y", "a\nb\n", "=", "<<", "-", ""])
def test_dump_writes_what_helm_reads_back_as_the_same_text(text):
    assert reading.parse(dump({"a": text}).encode(), "v").content == {"a": text}
