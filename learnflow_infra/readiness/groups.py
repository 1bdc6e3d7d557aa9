"""API groups: those of Kubernetes itself, and those of CRDs."""

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
"""Groups below k8s.io; CRDs may have groups there, too (gateway.networking.k8s.io).

Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.37/
"""


def is_custom(group: str) -> bool:
    """Whether an API group is served by a CRD, and not by Kubernetes itself."""
    return "." in group and group.removesuffix(".k8s.io") not in _BUILT_IN


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; "" for the core group."""
    return api_version.rpartition("/")[0]
