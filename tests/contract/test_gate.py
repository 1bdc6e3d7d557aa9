import pytest

from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import foundation
from learnflow_infra.models import Foundation

pytestmark = pytest.mark.contract
NEEDED = Foundation(cpu=0.5, memory=2**30, storage=2**30)


def by_name(checks):
    return {check.name: check for check in checks}


def test_all_failures_of_a_cluster_without_nodes_and_storage_are_reported(kube, namespace):
    results = by_name(foundation.cluster_checks(kube, namespace, NEEDED))
    assert results["cluster"].passed
    assert results["rights"].passed
    failed = {name for name, check in results.items() if not check.passed}
    assert failed == {"storage", "nodes", "cpu", "memory", "disk"}


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
    rights = by_name(foundation.cluster_checks(nobody, namespace, NEEDED))["rights"]
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
    results = by_name(foundation.cluster_checks(resident, namespace, NEEDED))
    assert [name for name, check in results.items() if not check.passed] == []
    assert "granted" in results["rights"].message
    for name in ("storage", "capacity"):
        assert "not checked" in results[name].message
        assert "forbidden" in results[name].message
    (ports,) = foundation.port_checks(resident, namespace, {}, {})
    assert ports.passed
    assert "not checked" in ports.message
