"""What a deploy does with an embedded cluster that is stopped."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import Cluster
from learnflow_infra.engine.gate import machine
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.verbs import deploy
from learnflow_infra.events import ignore
from learnflow_infra.outputs import record
from learnflow_infra.outputs.record import Record


@pytest.fixture
def stopped(monkeypatch, tmp_path):
    """A stopped cluster on a machine that has all that it takes; `up` starts it."""
    cluster = Cluster(
        name="learnflow",
        state="stopped",
        node_address="10.213.0.2",
        kubeconfig=tmp_path / "config",
        context="learnflow-learnflow",
        kubectl=tmp_path / "kubectl",
        version="v1",
    )
    running = replace(cluster, state="running")
    monkeypatch.setattr(embedded, "status", lambda _name: cluster)
    monkeypatch.setattr(embedded, "up", lambda _name, **_: running)
    monkeypatch.setattr(machine, "checks", lambda _plan: [])
    monkeypatch.setattr(planning, "Kube", SimpleNamespace)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("recorded", "profile"), [({}, "embedded"), ({"profile": "upstream"}, "upstream")]
)
def test_it_is_started_and_its_record_decides_the_profile(stopped, monkeypatch, recorded, profile):
    monkeypatch.setattr(record, "read", lambda _kube, _namespace: Record(endpoints=recorded))
    options = Options()
    target = planning.choose(options)
    assert (target.state, target.profile) == ("stopped", "embedded")
    plan = deploy._plan(options, target, ignore)
    assert (plan.target.state, plan.target.profile) == ("running", profile)
    assert plan.target.environment["NO_PROXY"].endswith("10.213.0.2")
