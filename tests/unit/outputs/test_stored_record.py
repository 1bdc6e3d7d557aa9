"""A record that somebody else changed ends in a sentence and a way out, not in a traceback."""

import json
from types import SimpleNamespace

import pytest

from learnflow_infra.errors import RefusedError
from learnflow_infra.outputs import artifacts, stored_record
from learnflow_infra.outputs.record import Record

ENTRY = {key: {} for key in stored_record.REQUIRED} | {"connect": []}


def read(data):
    config_map = {"metadata": {"resourceVersion": "7"}, **({} if data is None else {"data": data})}
    return stored_record.read(SimpleNamespace(find=lambda _path: config_map), "n")


@pytest.mark.parametrize(
    "data",
    [
        {"endpoints.json": "garbage"},
        {"endpoints.json": "[]"},
        {"endpoints.json": '{"endpoints": 7}'},
        {"endpoints.json": '{"endpoints": ["postgres"]}'},
        {"endpoints.json": json.dumps({"endpoints": [{"name": "postgres"}]})},
        {"verified.json": "[1]"},
        {"verified.json": '{"a": {"unknown": 1}}'},
        {"releases.json": '{"kafka": {}}'},
        {"releases.json": '{"kafka": {"revisions": [{"revision": 1}]}}'},
    ],
)
def test_garbage_is_named_with_a_way_out(data):
    with pytest.raises(RefusedError, match="ConfigMap n/learnflow-endpoints, cannot be") as error:
        read(data)
    assert "kubectl -n n delete configmap learnflow-endpoints" in str(error.value.remedy)
    assert str(error.value.remedy).endswith("learnflow-infra deploy")
    assert str(error.value.why)


@pytest.mark.parametrize("data", [None, {}, {"endpoints.json": "{}"}])
def test_an_empty_record_is_a_record(data):
    assert read(data) == Record()


def test_no_record_is_an_empty_one():
    assert stored_record.read(SimpleNamespace(find=lambda _path: None), "n") == Record()


def test_an_entry_of_an_earlier_version_is_not_verified():
    (item,) = read({"endpoints.json": json.dumps({"endpoints": [ENTRY]})}).endpoints["endpoints"]
    assert (item["verified"], item["unverified"]) == (None, "recorded by an earlier version")


@pytest.mark.parametrize("text", ["garbage", "[]"])
def test_a_damaged_file_of_endpoints_counts_as_none(tmp_path, text):
    (tmp_path / "endpoints.json").write_text(text)
    assert artifacts.endpoints(tmp_path) == {}
    assert artifacts.written_for(tmp_path) is None
