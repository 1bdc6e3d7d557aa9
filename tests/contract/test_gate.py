import pytest

from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import foundation
from learnflow_infra.engine.gate.demand import demand
from learnflow_infra.errors import InputError

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


def test_all_failures_of_a_cluster_without_nodes_and_storage_are_reported(kube, namespace):
    results = by_name(foundation.cluster_checks(kube, namespace))
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


def test_each_missing_right_is_named(kube, kubeconfig, namespace):
    reader = {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list"]}
    classes = {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]}
    path = "/apis/rbac.authorization.k8s.io/v1"
    kube.apply(
        f"{path}/clusterroles/reader",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "reader"},
            "rules": [reader, classes],
        },
    )
    kube.apply(
        f"{path}/clusterrolebindings/reader",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "reader"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "reader",
            },
            "subjects": [
                {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}
            ],
        },
    )
    nobody = Kube(kubeconfig=kubeconfig, context="nobody")
    rights = by_name(foundation.cluster_checks(nobody, namespace))["rights"]
    assert not rights.passed
    assert "create statefulsets" in rights.message
    assert "create pods/exec" in rights.message
    assert "list pods" not in rights.message
    assert namespace in str(rights.remedy)


def test_for_a_user_of_one_namespace_cluster_checks_pass_as_not_checked(
    kube, kubeconfig, namespace
):
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "all"}
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "resident"}
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    for kind, rest in (
        ("Role", {"rules": everything}),
        ("RoleBinding", {"roleRef": role, "subjects": [user]}),
    ):
        body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind}
        kube.apply(f"{path}/{kind.lower()}s/all", {**body, "metadata": {"name": "all"}, **rest})
    resident = Kube(kubeconfig=kubeconfig, context="resident")
    checks = foundation.cluster_checks(resident, namespace)
    results = by_name([*checks, *foundation.manifest_checks(resident, namespace, NEEDED)])
    assert [name for name, check in results.items() if not check.passed] == []
    assert "granted" in results["rights"].message
    for name in ("storage", "capacity"):
        assert "not checked" in results[name].message
        assert "forbidden" in results[name].message
    (ports,) = foundation.port_checks(resident, namespace, {}, {})
    assert ports.passed
    assert "not checked" in ports.message
