"""Pure: the resource and scope of a kind, without asking a cluster."""

from collections.abc import Sequence

from learnflow_infra.fields import text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.groups import group_of

_PLURALS = {"Endpoints": "endpoints"}
_CLUSTER_KINDS = {
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
}
"""Built-in kinds of no namespace that charts have; custom ones are as their CRD says."""


def is_cluster_scoped(obj: Object, definitions: Sequence[Object] = ()) -> bool:
    """Whether an object belongs to no namespace."""
    defined = _defined(obj, definitions)
    if defined:
        return text(defined, "spec", "scope") == "Cluster"
    return obj["kind"] in _CLUSTER_KINDS


def resource_of(obj: Object, definitions: Sequence[Object] = ()) -> str:
    """The plural of a kind: as its CRD says, else by the rule of Kubernetes' own kinds.

    Source: UnsafeGuessKindToResource of apimachinery's api/meta.
    """
    kind, defined = obj["kind"], _defined(obj, definitions)
    if defined:
        return text(defined, "spec", "names", "plural")
    lower = kind.lower()
    if kind in _PLURALS:
        return _PLURALS[kind]
    if lower.endswith("s"):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"


def _defined(obj: Object, definitions: Sequence[Object]) -> Object | None:
    """The CRD of an object's kind."""
    group = group_of(obj["apiVersion"])
    for crd in definitions:
        spec = (text(crd, "spec", "group"), text(crd, "spec", "names", "kind"))
        if spec == (group, obj["kind"]):
            return crd
    return None
