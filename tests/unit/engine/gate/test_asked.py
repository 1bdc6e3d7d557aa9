"""The rights that releases need, by what is rendered."""

import pytest

from learnflow_infra.engine.gate.asked import ALL, needed
from learnflow_infra.engine.gate.kinds import is_cluster_scoped, resource_of
from learnflow_infra.engine.gate.rights import of_delete, of_deploy
from learnflow_infra.rights import Right, granted, rules

RBAC = "rbac.authorization.k8s.io"


def obj(kind, version="v1", name="x", **fields):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def definition(kind, plural, scope="Namespaced"):
    names = {"kind": kind, "plural": plural}
    spec = {"group": "kafka.strimzi.io", "scope": scope, "names": names}
    return obj("CustomResourceDefinition", name=f"{plural}.kafka.strimzi.io", spec=spec)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Service", "services"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("PodDisruptionBudget", "poddisruptionbudgets"),
        ("StorageClass", "storageclasses"),
    ],
)
def test_the_resource_of_a_built_in_kind(kind, plural):
    assert resource_of(obj(kind)) == plural


def test_a_custom_kind_is_as_its_definition_says():
    kafka = obj("Kafka", "kafka.strimzi.io/v1")
    assert resource_of(kafka, [definition("Kafka", "kafkas")]) == "kafkas"
    assert is_cluster_scoped(kafka, [definition("Kafka", "kafkas", "Cluster")])
    assert not is_cluster_scoped(kafka, [definition("Kafka", "kafkas")])


def test_an_object_of_a_manifest_is_compared_created_and_changed():
    found = needed("n", [obj("NetworkPolicy", "networking.k8s.io/v1")])
    verbs = [r.verb for r in found.of(*of_deploy(verify=False)) if r.resource == "networkpolicies"]
    assert verbs == ["create", "get", "patch"]
    assert [r.verb for r in found.of("delete") if r.resource == "networkpolicies"] == ["delete"]


def test_rights_are_needed_where_an_object_is():
    other = obj("Service")
    other["metadata"]["namespace"] = "other"
    asked = needed("n", [other, obj("ClusterRole", f"{RBAC}/v1")]).of(*of_deploy(verify=False))
    assert Right(verb="create", resource="services", namespace="other") in asked
    assert Right(verb="create", group=RBAC, resource="clusterroles") in asked
    assert Right(verb="patch", group=RBAC, resource="clusterroles", name="x") in asked


def test_who_gives_rights_has_to_have_them():
    rule = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "operator"}
    role = obj("Role", f"{RBAC}/v1", rules=[rule])
    binding = obj("RoleBinding", f"{RBAC}/v1", roleRef=reference)
    asked = needed("n", [role, binding]).of(*of_deploy(verify=False))
    assert Right(verb="update", group="apps", resource="deployments/scale", namespace="n") in asked
    bind = Right(verb="bind", group=RBAC, resource="clusterroles", namespace="n", name="operator")
    assert bind in asked


def test_a_watch_is_not_required_but_a_list_is():
    found = needed("n", [obj("Kafka", "kafka.strimzi.io/v1")], [definition("Kafka", "kafkas")])
    of_kafka = {"group": "kafka.strimzi.io", "resource": "kafkas", "namespace": "n"}
    for keys in ({"resource": "pods", "namespace": "n"}, of_kafka):
        assert found.rights[Right(verb="list", **keys)] == "deploy"
        assert found.rights[Right(verb="watch", **keys)] == "more"


def test_definitions_that_the_cluster_lacks_are_to_be_created():
    crd = definition("Kafka", "kafkas")
    group = "apiextensions.k8s.io"
    create = Right(verb="create", group=group, resource="customresourcedefinitions")
    assert create in needed("n", [], [crd], missing=[crd]).of(*of_deploy(verify=False))
    assert create not in needed("n", [], [crd]).rights


def test_collections_that_outlive_a_release_are_listed_by_a_delete():
    found = needed("n", [], keeps=["kafka.strimzi.io/v1/kafkatopics"])
    verbs = {r.verb: use for r, use in found.rights.items() if r.resource == "kafkatopics"}
    assert verbs == {"list": "delete", "delete": "purge"}


@pytest.mark.parametrize(
    ("objects", "tunnel", "use"),
    [
        ([obj("Service", spec={"type": "NodePort", "ports": [{"port": 1}]})], True, "verify"),
        ([obj("Kafka", spec={"listeners": [{"nodePort": 30092}]})], True, "verify"),
        ([obj("Service", spec={"type": "NodePort", "ports": [{"port": 1}]})], False, "more"),
        ([obj("Service", spec={"type": "ClusterIP"})], True, "more"),
        ([], True, "more"),
    ],
)
def test_a_port_forward_is_required_where_node_ports_are_reached_by_it(objects, tunnel, use):
    found = needed("n", objects, tunnel=tunnel).rights
    forward = dict.fromkeys(("get", "create"), use)
    assert {r.verb: u for r, u in found.items() if r.resource == "pods/portforward"} == forward


@pytest.mark.parametrize("purge", [True, False])
def test_a_delete_asks_first_for_what_helm_does_at_its_end(purge):
    asked = needed("n", [obj("Secret"), obj("StatefulSet", "apps/v1")]).of(*of_delete(purge=purge))
    secrets = sorted(right.verb for right in asked if right.resource == "secrets")
    assert secrets == ["delete", "get", "list", "update"]
    assert [right.verb for right in asked if right.resource == "statefulsets"] == ["delete"]


def test_nothing_in_the_whole_cluster_is_required():
    assert [
        right for right in needed("n", []).of(*of_deploy(verify=True)) if not right.namespace
    ] == []


def test_clusterrole_admin_has_what_a_database_needs():
    """A part of the rules of Kubernetes' ClusterRole admin."""
    admin = [
        {"apiGroups": [""], "verbs": ["*"], "resources": [
            "configmaps", "secrets", "services", "persistentvolumeclaims", "pods", "pods/exec"]},
        {"apiGroups": [""], "verbs": ["get", "list", "watch"], "resources": [
            "namespaces", "events", "resourcequotas"]},
        {"apiGroups": ["apps", "batch"], "verbs": ["*"], "resources": [
            "daemonsets", "deployments", "replicasets", "statefulsets", "jobs"]},
    ]  # fmt: skip
    database = [obj("StatefulSet", "apps/v1"), obj("Service"), obj("Secret"), obj("ConfigMap")]
    asked = needed("n", database).of(*ALL)
    assert [right for right in asked if not granted(admin, right)] == []
    assert all(granted(rules(asked), right) for right in asked)
