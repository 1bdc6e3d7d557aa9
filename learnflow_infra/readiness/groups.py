"""API groups: which Kubernetes itself serves, and which need a CRD."""

_BUILT_IN = {
    "admissionregistration",
    "apiextensions",
    "apiregistration",
    "authentication",
    "authorization",
    "certificates",
    "coordination",
    "discovery",
    "events",
    "flowcontrol.apiserver",
    "internal.apiserver",
    "networking",
    "node",
    "rbac.authorization",
    "resource",
    "scheduling",
    "storage",
    "storagemigration",
}
"""Below k8s.io, where CRDs have groups too (gateway.networking.k8s.io).

Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
"""


def is_custom(group: str) -> bool:
    """Tell an API group that a CRD serves from those of Kubernetes itself."""
    return "." in group and group.removesuffix(".k8s.io") not in _BUILT_IN
