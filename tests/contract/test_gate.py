import pytest

from learnflow_infra.clients.access import Access
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import foundation
from learnflow_infra.engine.gate.asked import needed
from learnflow_infra.engine.gate.demand import demand
from learnflow_infra.engine.gate.rights import of_deploy
from learnflow_infra.errors import InputError
from tests.contract.grants import grant

pytestmark = pytest.mark.contract
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"resources": {"requests": {"storage": "1Gi"}}},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "500m"}}}]},
}
NEEDED = demand({"demo": [CLAIM, POD]})


def service(port):
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def by_name(checks):
    return {check.name: check for check in checks}


def test_all_failures_of_a_cluster_without_nodes_and_storage_are_reported(
    kube, kubeconfig, namespace
):
    results = admitted(kube, kubeconfig, namespace, "admin")
    assert results["cluster"].passed
    assert results["rights"].passed
    needed = by_name(foundation.manifest_checks(kube, namespace, NEEDED))
    assert {name for name, check in needed.items() if not check.passed} == {"storage", "nodes"}


def test_a_claim_that_exists_needs_no_class(kube, namespace):
    claims = demand({"demo": [CLAIM]})
    assert not by_name(foundation.manifest_checks(kube, namespace, claims))["storage"].passed
    spec = {**CLAIM["spec"], "accessModes": ["ReadWriteOnce"]}
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    kube.create(path, {**CLAIM, "spec": spec})
    assert foundation.manifest_checks(kube, namespace, claims) == []


def test_a_port_outside_the_range_is_refused(kube):
    values = {"demo": {"web": {"nodePort": 9094}}}
    with pytest.raises(InputError, match="Node ports") as error:
        foundation.require_possible_ports(kube, {"demo": [service(9094)]}, values)
    assert "9094 of demo's Service/web is not in the range 30000-32767" in str(error.value.why)
    assert "--set demo.web.nodePort=PORT" in str(error.value.remedy)


def admitted(kube, kubeconfig, namespace, user):
    """The checks of the cluster for a user, who needs what a Service needs."""
    connection = Kube(kubeconfig=kubeconfig, context=user)
    return by_name(
        foundation.cluster_checks(
            connection,
            Access(connection),
            lambda: needed(namespace, [service(30000)]),
            uses=of_deploy(verify=True),
        )
    )


def test_each_missing_right_is_named(kube, kubeconfig, namespace):
    verbs = {"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}
    grant(kube, namespace, "nobody", [verbs])
    rights = admitted(kube, kubeconfig, namespace, "nobody")["rights"]
    assert not rights.passed
    assert f"create, get, patch configmaps in the namespace {namespace}" in rights.message
    assert f"create, get pods/exec in the namespace {namespace}" in rights.message
    assert f"delete pods in the namespace {namespace}" in rights.message
    assert "nodes" not in rights.message
    assert "rights --as-manifest" in str(rights.remedy)


def test_for_a_user_of_one_namespace_cluster_checks_pass_as_not_checked(
    kube, kubeconfig, namespace
):
    grant(kube, namespace, "resident", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    resident = Kube(kubeconfig=kubeconfig, context="resident")
    checks = foundation.manifest_checks(resident, namespace, NEEDED)
    results = admitted(kube, kubeconfig, namespace, "resident") | by_name(checks)
    assert [name for name, check in results.items() if not check.passed] == []
    assert "granted" in results["rights"].message
    for name, resource in (("storage", "storageclasses"), ("capacity", "nodes")):
        assert "not checked" in results[name].message
        assert f"You may not list {resource}" in results[name].message
    (ports,) = foundation.port_checks(resident, namespace, {}, {})
    assert ports.passed
    assert "not checked" in ports.message
