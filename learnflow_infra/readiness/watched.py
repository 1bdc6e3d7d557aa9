"""Which kinds are watched, and the paths of their collections in the API."""

import functools
from collections.abc import Iterable, Mapping

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.readiness.groups import group_of, is_custom

COLLECTIONS: Mapping[str, str] = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "PersistentVolumeClaim": api_paths.claims("{}"),
    "Pod": api_paths.pods("{}"),
}
"""Kinds that are watched for every release."""
BY_MANIFEST: Mapping[str, str] = {
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Service": "/api/v1/namespaces/{}/services",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "APIService": "/apis/apiregistration.k8s.io/v1/apiservices",
    "CustomResourceDefinition": api_paths.CRDS,
}
"""Kinds that are watched only for a release whose manifest has one."""
EVENTS = "/api/v1/namespaces/{}/events"
SURROUNDINGS: Mapping[str, str] = {
    "nodes": api_paths.NODES,
    "storageclasses": api_paths.STORAGE_CLASSES,
    "resourcequotas": api_paths.quotas("{}"),
}
"""Objects of no release that may explain why others are not ready."""


def is_watched(version: str, kind: str) -> bool:
    """Whether objects of an apiVersion and kind are watched for a release that has one."""
    return kind in COLLECTIONS or kind in BY_MANIFEST or is_custom(group_of(version))


def paths(kube: Kube, namespace: str, kinds: Iterable[tuple[str, str]]) -> list[str]:
    """The collections in which a release's objects are.

    Args:
        kube: the cluster, whose discovery has the names of custom resources.
        namespace: of the release.
        kinds: apiVersion and kind of each expected object.
    """
    patterns: list[str] = []
    for version, kind in kinds:
        if is_custom(group_of(version)):
            patterns += _custom(kube, version, kind)
        elif kind in BY_MANIFEST:
            patterns.append(BY_MANIFEST[kind])
    patterns += COLLECTIONS.values()
    return list(dict.fromkeys(path.format(namespace) for path in patterns))


def namespaced(namespace: str) -> list[str]:
    """The collections of all watched kinds in a namespace, except custom resources."""
    patterns = (*BY_MANIFEST.values(), *COLLECTIONS.values())
    return [path.format(namespace) for path in patterns if "{}" in path]


def surroundings(namespace: str) -> list[str]:
    """The collections that may explain trouble in a namespace; the events first."""
    return [path.format(namespace) for path in (EVENTS, *SURROUNDINGS.values())]


@functools.lru_cache(maxsize=64)
def _served(kube: Kube, version: str, kind: str) -> str:
    """The collection of a served kind. An unserved kind is not cached: its CRD may follow.

    Raises:
        LookupError: the API server does not serve the kind.
    """
    for resource in kube.resources(version):
        if resource["kind"] == kind and "/" not in resource["name"]:
            scope = "namespaces/{}/" if resource["namespaced"] else ""
            return f"{api_paths.root(version)}/{scope}{resource['name']}"
    raise LookupError(kind)


def _custom(kube: Kube, version: str, kind: str) -> list[str]:
    """The collection of a custom resource's kind; none before its CRD is installed."""
    try:
        return [_served(kube, version, kind)]
    except LookupError:
        return []
