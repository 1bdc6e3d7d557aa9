"""The printed Role of a release with a pod and a volume: all that is asked, and no more.

No kubelet runs. The API server authorizes and audits a request to a pod before it fails.
"""

import importlib
from dataclasses import replace

import pytest

from learnflow_infra.engine.proof import tunnels
from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.verbs import delete, deploy, diagnose
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.events import ignore
from learnflow_infra.paths import repo_root
from learnflow_infra.values import Flags
from tests.cluster.conftest import eventually
from tests.contract.controllers import CLAIM, Controllers
from tests.contract.demo_skill import checkout, foundation, options, skill, user
from tests.contract.test_ownership import helm
from tests.contract.test_rights import (
    VERBS,
    _no_tunnels,
    asked_by_resident,
    deployer,
    granted_to,
    resident,
)

__all__ = [
    "_no_tunnels",
    "checkout",
    "deployer",
    "foundation",
    "helm",
    "options",
    "resident",
    "skill",
    "user",
]

pytestmark = [pytest.mark.contract, pytest.mark.full]
SET = """
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: demo, labels: {app.kubernetes.io/instance: demo}}
spec:
  selector: {matchLabels: {app: demo}}
  template:
    metadata:
      labels: {app: demo, app.kubernetes.io/instance: demo}
      annotations: {greeting: "{{ .Values.greeting }}"}
    spec: {containers: [{name: c, image: i}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
TUNNEL = tunnels.opened
"""Before a fixture replaces it: the verification of the demo needs none."""
WAYS = {"websockets": {}, "SPDY": {
    "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false",
}}  # fmt: skip
"""kubectl asks by GET, and where a proxy passes no websockets by POST."""


@pytest.fixture
def skill_with_pod(skill):
    """The demo skill, with a pod behind its Service."""
    chart = skill / "charts/demo/templates/all.yaml"
    chart.write_text(chart.read_text().replace("spec: {", "spec: {selector: {app: demo}, ") + SET)
    return skill


@pytest.fixture
def everywhere(skill_with_pod, deployer, helm, kube):
    """The options of the deployer; a release, an object and a claim of others are in the way."""
    base = f"/api/v1/namespaces/{deployer.namespace}"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "demo"}}
    kube.create(f"{base}/configmaps", body)
    kube.create(f"{base}/persistentvolumeclaims", CLAIM)
    helm()
    with Controllers(kube, deployer.namespace) as running:
        yield deployer, running


@pytest.fixture
def reach(kubeconfig, monkeypatch):
    """Reach the pod as verify.py does, and by a tunnel; neither can work without kubelet."""
    monkeypatch.syspath_prepend(repo_root() / "skills-library/common")
    client = importlib.import_module("kubectl").Kubectl

    def reach(deployer, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(tunnels, "opened", TUNNEL)
        with pytest.raises(ClusterUnreachableError, match="No tunnel to port"):
            VERBS["verify"](deployer)
        kubectl = client(str(kubeconfig), "resident", deployer.namespace)
        with pytest.raises(ConnectionError, match="from pod demo-0"):
            kubectl.connect_from("demo-0", ("x", 1), 10)

    return reach


def test_what_is_asked_of_pods_claims_and_others_is_granted_and_no_more(everywhere, reach, server):
    deployer, controllers = everywhere
    since = len(server.audit.read_text())
    adopting = replace(deployer, adopt=True, confirm=confirmation.accept)
    deploy.deploy(adopting, ignore)
    greeting = replace(deployer, flags=Flags(set_values=("demo.greeting=moin",)))
    deploy.deploy(greeting, ignore)  # replaces the pod of the old revision, which does not start
    for verb in ("verify", "status", "endpoints", "history", "diff", "rollback"):
        VERBS[verb](deployer)
    for variables in WAYS.values():
        reach(deployer, variables)
    controllers.fails = True
    eventually(lambda: any(item.causes for item in diagnose.diagnose(deployer, ignore)))
    delete.delete(replace(deployer, confirm=confirmation.accept), purge=True, emit=ignore)
    asked = asked_by_resident(server, deployer.namespace, since)
    allowed = granted_to(deployer)
    created = {(group, resource, "create") for group, resource, verb in asked if verb == "patch"}
    assert asked - allowed == set()
    assert allowed - asked - created == set()  # an apply that creates needs both
