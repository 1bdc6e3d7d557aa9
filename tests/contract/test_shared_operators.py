"""An operator that others run is used, or named, in a real API server without controllers."""

from dataclasses import replace

import pytest
import yaml

from learnflow_infra.clients.api_paths import NAMESPACES
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.request import operators, planning
from learnflow_infra.engine.verbs import deploy, diff, status
from learnflow_infra.errors import FoundationError, RefusedError
from learnflow_infra.events import Message, ignore
from learnflow_infra.models import ChartSource, OperatorSpec, Profile, Release
from learnflow_infra.remedy import Remedy
from learnflow_infra.skills import reader
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
OPERATOR_VERSION = "1.2.0"
OPERATOR = {
    "deployment": "demo-operator",
    "watches": "WATCHED",
    "remedy": "In ${operatorNamespace}, watch ${namespaces} in ${version}, for ${namespace}.",
}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "demo-operator"},
    "rules": [],
}
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"


@pytest.fixture
def with_operator(skill, monkeypatch):
    """The demo needs an operator, whose cluster role exists once in a cluster.

    Only charts of registries have a version in skill.yaml.
    """
    read = reader._chart
    monkeypatch.setattr(
        reader, "_chart", lambda *given: replace(read(*given), version=OPERATOR_VERSION)
    )
    chart = skill / "charts/op"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: op, version: 1.2.0}")
    (chart / "templates/role.yaml").write_text(yaml.safe_dump(ROLE))
    document = yaml.safe_load((skill / "skill.yaml").read_text())
    source = {"chart": "charts/op", "operator": OPERATOR}
    document["releases"][0]["needs"] = ["op"]
    document["releases"].insert(0, {"name": "op", "needs": [], "profiles": {"upstream": source}})
    (skill / "skill.yaml").write_text(yaml.safe_dump(document))


@pytest.fixture
def others(kube, namespace):
    """Runs an operator in a namespace of another team; returns the namespace."""
    there, paths = f"{namespace}-ops", set()
    kube.create(NAMESPACES, {"metadata": {"name": there}})

    def put(watched, version="1.2.0", name="demo-operator", replicas=1, *, ready=True):
        env = [{"name": "WATCHED", "value": watched}]
        container = {"name": "c", "image": f"quay.io/x/operator:{version}", "env": env}
        labels = {"app": name}
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": there},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
        paths.add(path := f"/apis/apps/v1/namespaces/{there}/deployments/{name}")
        kube.apply(path, body)
        counts = ("replicas", "readyReplicas", "availableReplicas") if ready else ("replicas",)
        kube.merge(f"{path}/status", {"status": dict.fromkeys(counts, replicas)})
        kube.apply(f"{ROLES}/demo-operator", ROLE)
        return there

    yield put
    for path in paths:
        kube.delete(path)
    kube.delete(f"{ROLES}/demo-operator")


def test_one_that_watches_the_namespace_is_used(with_operator, options, others, kube):
    there = others("*")
    emitted = []
    deployed = deploy.deploy(options, emitted.append)
    assert deployed.verified
    lines = [event.text for event in emitted if isinstance(event, Message)]
    assert lines.count(
        f"Instead of the release op, this run uses the operator {there}/demo-operator, "
        "version 1.2.0, which watches all namespaces."
    )
    assert [state.release for state in status.status(options, ignore)] == ["demo"]
    assert not diff.diff(options, ignore).changed
    annotations = kube.get(f"{ROLES}/demo-operator")["metadata"].get("annotations")
    assert not annotations


@pytest.mark.parametrize(
    "case", [("team", "1.2.0", False), ("team", "1.2.0", True), ("*", "1.1.0", False)]
)
def test_one_that_cannot_be_used_is_named(with_operator, options, others, kube, case):
    """It watches other namespaces, and its cluster role is in the way; or it is another version."""
    watched, version, adopt = case
    there, here = others(watched, version), options.namespace
    for verb in (deploy.deploy, diff.diff):
        with pytest.raises(RefusedError, match="Another operator is in the way") as error:
            verb(replace(options, adopt=adopt), ignore)
        seen = "all namespaces" if watched == "*" else watched
        assert f"{there}/demo-operator, version {version}, which watches {seen}" in error.value.why
        team = "" if watched == "*" else '"team", '
        remedy = f'In {there}, watch [{team}"{here}"] in 1.2.0, for {here}.'
        assert str(error.value.remedy) == remedy
    assert kube.items(f"/api/v1/namespaces/{here}/secrets") == []


def test_that_of_olm_is_used_unless_it_is_scaled_to_0(with_operator, options, others):
    """The Deployment has the version in its name."""
    there, emitted = others("*", name="demo-operator-v1.2.0", replicas=0), []
    with pytest.raises(FoundationError, match="is scaled to 0") as error:
        diff.diff(options, ignore)
    assert f"-n {there} scale deployment/demo-operator-v1.2.0" in str(error.value.remedy)
    others("*", name="demo-operator-v1.2.0")
    others("*", version="1.1.0")
    assert [item.release for item in diff.diff(options, emitted.append).releases] == ["demo"]
    (used, warning) = sorted(event.text for event in emitted if isinstance(event, Message))
    assert warning.startswith(f"Warning: beside the operator in {there}")
    assert used.startswith("Instead of the release op, this run uses the operator")


def test_a_warning_names_one_without_a_ready_pod(with_operator, options, others):
    there, emitted = others("*", ready=False), []
    diff.diff(options, emitted.append)
    (_, warning) = [event.text for event in emitted if isinstance(event, Message)]
    assert warning == (
        f"Warning: no pod of {there}/demo-operator is ready. "
        "Nothing that it manages changes until then."
    )


def test_one_that_is_in_nobody_s_way_is_let_be(with_operator, options, others, kube):
    others("team")
    kube.delete(f"{ROLES}/demo-operator")
    plan = planning.for_cluster(options, planning.choose(options, ignore))
    assert [release.name for release in plan.releases] == ["op", "demo"]
    assert deploy.deploy(options, ignore).changed


def test_a_user_who_may_not_list_deployments_sees_none(others, kubeconfig, namespace):
    others("*")
    profile = Profile("upstream")
    spec = OperatorSpec(deployment="demo-operator", watches="WATCHED", remedy=Remedy("x"))
    source = ChartSource(chart="oci://x/y", version="1.2.0", operator=spec)
    release = Release(name="op", skill="s", profiles={profile: source})
    nobody = Kube(kubeconfig=kubeconfig, context="nobody")
    assert operators.find(nobody, namespace, [release], profile) == ()
    admin = Kube(kubeconfig=kubeconfig, context="admin")
    assert len(operators.find(admin, namespace, [release], profile)) == 1
