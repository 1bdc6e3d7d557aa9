import pytest

from learnflow_infra import documents
from learnflow_infra.errors import InputError


@pytest.fixture
def file(tmp_path):
    def make(text):
        path = tmp_path / "f.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("- a\n", 1, "a mapping is expected"),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is set twice"),
        ("x:\n  - {k: 1, k: 2}\n", 2, "'k' is set twice"),
    ],
)
def test_faults_have_file_and_line(file, text, line, words):
    path = file(text)
    with pytest.raises(InputError, match=words) as error:
        documents.load(path)
    assert error.value.what.startswith(f"{path}:{line}:")


def test_a_missing_file_and_one_that_is_no_text(file, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        documents.load(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="UTF-8"):
        documents.load(file(b"\xff\xfe\x00"))


def test_values_are_read_as_helm_reads_them(file):
    loaded = documents.load(file("day: 2026-01-01\neq: =\non: yes\nnone: ~\n"))
    assert loaded == {"day": "2026-01-01", "eq": "=", "true": True, "none": None}


def test_an_alias_that_holds_itself_is_refused(file):
    with pytest.raises(InputError, match="not valid YAML"):
        documents.load(file("a: &x {b: *x}\n"))


def test_an_empty_file_is_an_empty_mapping(file):
    assert documents.load(file("# nothing\n")) == {}


def test_the_line_of_the_deepest_existing_key(file):
    path = file("a:\n  b:\n    - x: 1\n    - y: 2\n")
    assert documents.line_of(path, ["a", "b", 1, "y"]) == 4
    assert documents.line_of(path, ["a", "nothing"]) == 1
