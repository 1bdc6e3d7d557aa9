"""What is recorded of skills that are not ready."""

import json
from types import SimpleNamespace

import pytest

from learnflow_infra import paths
from learnflow_infra.engine.proof.publish import take_back
from learnflow_infra.locations import Target
from learnflow_infra.outputs.record import Record

TARGET = Target(kind="context", context="c", kubeconfig=None, profile="upstream")


@pytest.fixture
def session(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path)
    written = []

    def apply(_path, body):
        written.append(json.loads(body["data"]["endpoints.json"]))
        return {"metadata": {"resourceVersion": "1"}}

    kube = SimpleNamespace(apply=apply)
    return SimpleNamespace(kube=kube, namespace="n", target=TARGET, written=written)


def test_after_a_first_install_that_failed_the_profile_is_recorded_alone(session, tmp_path):
    take_back(session, Record(), {"db-skill"}, "deploy")
    (document,) = session.written
    assert (document["profile"], document["endpoints"]) == ("upstream", [])
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_was_not_touched_changes_no_record(session):
    take_back(session, Record(), set(), "deploy")
    assert session.written == []
