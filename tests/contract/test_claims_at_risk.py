"""A claim that is being deleted while pods mount it: nothing replaces the pods."""

from dataclasses import replace

import pytest

from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.verbs import delete, deploy, diff, rollback
from learnflow_infra.errors import NotReadyError, RefusedError
from learnflow_infra.events import Message, ignore
from learnflow_infra.values import Flags
from tests.contract.demo_skill import checkout, foundation, options, skill, user
from tests.contract.test_going_back import STUCK
from tests.contract.test_ownership import helm

__all__ = ["checkout", "foundation", "helm", "options", "skill", "user"]

pytestmark = pytest.mark.contract
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "finalizers": ["kubernetes.io/pvc-protection"]},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "demo-0", "labels": {"app.kubernetes.io/instance": "demo"}},
    "spec": {
        "containers": [{"name": "c", "image": "i"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    },
}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.fixture
def claim(kube, namespace):
    """A claim of others that a pod of the release mounts, and how to delete it by hand."""
    base = f"/api/v1/namespaces/{namespace}"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    if not kube.find(f"{base}/serviceaccounts/default"):
        kube.create(f"{base}/serviceaccounts", account)
    kube.create(f"{base}/persistentvolumeclaims", CLAIM)
    kube.create(f"{base}/pods", POD)
    kube.merge(f"{base}/pods/demo-0/status", {"status": READY})
    path = f"{base}/persistentvolumeclaims/data"
    kube.merge(f"{path}/status", {"status": {"phase": "Bound"}})
    yield lambda: kube.delete(path)
    kube.merge(path, {"metadata": {"finalizers": None}})


def changed(options, *values):
    return replace(options, flags=Flags(set_values=tuple(f"demo.{value}" for value in values)))


def test_nothing_changes_a_release_whose_claim_is_being_deleted(options, claim, skill, kube):
    with (skill / "charts/demo/templates/all.yaml").open("a") as file:
        file.write(STUCK)
    options = replace(options, timeout=1.0)
    deploy.deploy(changed(options, "greeting=hi"), ignore)
    claim()
    other = changed(options, "greeting=ho")
    for verb in (deploy.deploy, diff.diff):
        with pytest.raises(RefusedError, match="demo: PersistentVolumeClaim/data is being") as it:
            verb(other, ignore)
        assert "Save the data first" in str(it.value.remedy)
    back = replace(options, skills=("demo-k8s-setup",))
    with pytest.raises(RefusedError, match="PersistentVolumeClaim/data is being deleted"):
        rollback.rollback(back, release=None, revision=1, emit=ignore)
    with pytest.raises(RefusedError, match="PersistentVolumeClaim/data is being deleted"):
        delete.delete(back, purge=False, emit=ignore)
    same, events = changed(options, "greeting=hi"), []
    assert not diff.diff(same, events.append).changed
    (said,) = [item.text for item in events if isinstance(item, Message)]
    assert said.startswith("Warning: demo: PersistentVolumeClaim/data is being deleted")
    with pytest.raises(NotReadyError) as late:
        deploy.deploy(same, ignore)
    assert "ClaimBeingDeleted" in str(late.value.causes)
    greeting = kube.find(f"/api/v1/namespaces/{options.namespace}/configmaps/demo")["data"]
    assert greeting == {"greeting": "hi"}


@pytest.mark.full
def test_a_failed_upgrade_stays_while_a_claim_is_being_deleted(options, claim, skill, monkeypatch):
    with (skill / "charts/demo/templates/all.yaml").open("a") as file:
        file.write(STUCK)
    options = replace(options, timeout=1.0)
    deploy.deploy(options, ignore)
    converge_all = deploy.converge_all

    async def delete_meanwhile(*arguments):
        claim()
        return await converge_all(*arguments)

    monkeypatch.setattr(deploy, "converge_all", delete_meanwhile)
    with pytest.raises(NotReadyError, match="demo: it stays as it is: PersistentVolumeClaim/data"):
        deploy.deploy(changed(options, "stuck=true"), ignore)


@pytest.mark.full
def test_a_claim_that_only_an_adopted_chart_has_is_kept_or_refused(options, kube, helm, tmp_path):
    template = tmp_path / "other/templates/claim.yaml"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(CLAIM_OF_CHART)
    helm()
    adopting = replace(options, adopt=True, confirm=confirmation.accept)
    with pytest.raises(RefusedError, match="PersistentVolumeClaim/theirs would be deleted") as it:
        deploy.deploy(adopting, ignore)
    assert "helm.sh/resource-policy=keep" in str(it.value.remedy)
    path = f"/api/v1/namespaces/{options.namespace}/persistentvolumeclaims/theirs"
    kube.merge(path, {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}})
    deploy.deploy(adopting, ignore)
    assert "deletionTimestamp" not in kube.find(path)["metadata"]


CLAIM_OF_CHART = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: theirs}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
