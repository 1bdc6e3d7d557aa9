"""The files of a checkout, as they are read again."""

import pytest

from learnflow_infra.outputs import artifacts


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "[" * 200_000, "\udcff"])
def test_a_damaged_file_of_endpoints_is_none(tmp_path, text):
    (tmp_path / "endpoints.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert artifacts.endpoints(tmp_path) == {}


def test_the_endpoints_that_were_written(tmp_path):
    (tmp_path / "endpoints.json").write_text('{"namespace": "n"}')
    assert artifacts.endpoints(tmp_path) == {"namespace": "n"}
