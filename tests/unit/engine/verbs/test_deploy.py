"""What a deploy does with an embedded cluster that exists."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from learnflow_infra.clients import helm_program
from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import Cluster, inventory
from learnflow_infra.engine.gate import machine
from learnflow_infra.engine.request import operators, planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.verbs import deploy
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.events import StepFinished, ignore
from learnflow_infra.outputs import stored_record
from learnflow_infra.outputs.record import Record


@pytest.fixture(params=["stopped", "running"])
def cluster(request, monkeypatch, tmp_path):
    """A cluster whose API server answers once `up` has made it ready."""
    cluster = Cluster(
        name="learnflow",
        state=request.param,
        node_address="10.213.0.2",
        kubeconfig=tmp_path / "config",
        context="learnflow-learnflow",
        kubectl=tmp_path / "kubectl",
        version="v1",
        versions={"Kubernetes": "v1"},
    )
    ready = []

    def up(name, **_):
        ready.append(name)
        return replace(cluster, state="running")

    def read(*_):
        if not ready:
            raise ClusterUnreachableError("The API server does not answer.")
        return Record(endpoints=cluster_record)

    cluster_record = {}
    monkeypatch.setattr(inventory, "status", lambda _name: cluster)
    monkeypatch.setattr(embedded, "up", up)
    monkeypatch.setattr(stored_record, "read", read)
    monkeypatch.setattr(machine, "checks", lambda *_: [])
    monkeypatch.setattr(planning, "Kube", SimpleNamespace)
    monkeypatch.setattr(operators, "find", lambda *_: ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return cluster_record


@pytest.mark.parametrize(
    ("recorded", "profile"), [({}, "embedded"), ({"profile": "upstream"}, "upstream")]
)
def test_it_is_made_ready_and_its_record_decides_the_profile(cluster, recorded, profile):
    cluster.update(recorded)
    options = Options()
    target = planning.choose(options, ignore)
    assert (target.context, target.profile) == ("learnflow-learnflow", "embedded")
    plan = deploy._plan(options, target, ignore)
    assert (plan.target.state, plan.target.profile) == ("running", profile)
    assert plan.target.environment["NO_PROXY"].endswith("10.213.0.2")


def test_a_cluster_that_exists_is_brought_up_once(cluster, monkeypatch):
    calls, up = [], embedded.up
    monkeypatch.setattr(
        embedded, "up", lambda name, **given: calls.append(name) or up(name, **given)
    )
    for name in ("prepare", "load_images"):
        monkeypatch.setattr(embedded, name, lambda *_, **__: None)
    target = planning.choose(Options(), ignore)
    plan = deploy._with_cluster(deploy._plan(Options(), target, ignore), ignore)
    assert calls == ["learnflow"]
    assert plan.target.state == "running"


def test_a_namespace_that_another_run_creates_meanwhile_is_used():
    def create(_collection, _body):
        raise ConflictError(409, "already exists")

    kube = SimpleNamespace(find=lambda _path: None, create=create)
    events = []
    deploy._create_namespace(SimpleNamespace(kube=kube, namespace="demo", emit=events.append))
    assert events[-1] == StepFinished(step="namespace", note="exists", changed=False)


def test_releases_are_rendered_once_for_a_cluster_that_does_not_exist(
    monkeypatch, tmp_path, chosen_helm
):
    """By one helm process each: the cluster itself is asked later."""
    rendered, run = [], helm_program.run

    def counted(words, **options):
        rendered.append(words[1])
        return run(words, **options)

    def prepare(*_, **__):
        raise InterruptedError

    assert chosen_helm.is_tested
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(helm_program, "run", counted)
    monkeypatch.setattr(machine, "checks", lambda _plan, demand: [demand()][1:])
    monkeypatch.setattr(embedded, "prepare", prepare)
    with pytest.raises(InterruptedError):
        deploy.deploy(Options(profile="embedded"), ignore)
    assert sorted(rendered) == ["kafka", "postgres"]
