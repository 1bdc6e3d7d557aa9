"""Paths of the Kubernetes API, and label selectors.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from collections.abc import Mapping

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACES = "/api/v1/namespaces"
NODES = "/api/v1/nodes"
SERVICES = "/api/v1/services"
"""The Services of all namespaces."""
STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


def claims(namespace: str) -> str:
    """The collection of a namespace's volume claims."""
    return f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"


def pods(namespace: str) -> str:
    """The collection of a namespace's pods."""
    return f"/api/v1/namespaces/{namespace}/pods"


def quotas(namespace: str) -> str:
    """The collection of a namespace's quotas."""
    return f"/api/v1/namespaces/{namespace}/resourcequotas"


def secrets(namespace: str) -> str:
    """The collection of a namespace's Secrets."""
    return f"/api/v1/namespaces/{namespace}/secrets"


def root(api_version: str) -> str:
    """The path of an API version."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def selector(labels: Mapping[str, str]) -> str:
    """The label selector for these labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
