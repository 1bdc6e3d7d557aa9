"""Where the objects of each kind are: the paths of their collections in the API."""

import functools
from collections.abc import Iterable, Mapping

from learnflow_infra.clients.kube import Kube, api_root
from learnflow_infra.readiness.groups import is_custom

COLLECTIONS: Mapping[str, str] = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{}/pods",
}
"""What charts and controllers make, by kind: watched for every release."""
ASKED: Mapping[str, str] = {
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Service": "/api/v1/namespaces/{}/services",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "APIService": "/apis/apiregistration.k8s.io/v1/apiservices",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
}
"""Watched where a release's manifest has one."""
EVENTS = "/api/v1/namespaces/{}/events"
AROUND: Mapping[str, str] = {
    "nodes": "/api/v1/nodes",
    "storageclasses": "/apis/storage.k8s.io/v1/storageclasses",
    "resourcequotas": "/api/v1/namespaces/{}/resourcequotas",
}
"""What explains trouble, and belongs to no release."""


def is_watched(version: str, kind: str) -> bool:
    """Whether objects of an apiVersion and kind are watched, where a release has one."""
    return kind in COLLECTIONS or kind in ASKED or is_custom(version.rpartition("/")[0])


def paths(kube: Kube, namespace: str, kinds: Iterable[tuple[str, str]]) -> list[str]:
    """The collections of a namespace that a release's objects are in.

    Args:
        kube: the cluster, asked for the names of custom resources.
        namespace: of the release.
        kinds: apiVersion and kind of what its manifest has, and of what operators make of it.
    """
    wanted: list[str] = []
    for version, kind in kinds:
        if is_custom(version.rpartition("/")[0]):
            wanted += _custom(kube, version, kind)
        elif kind in ASKED:
            wanted.append(ASKED[kind])
    wanted += COLLECTIONS.values()
    return list(dict.fromkeys(path.format(namespace) for path in wanted))


def everything(namespace: str) -> list[str]:
    """The collections of all kinds of a namespace that Kubernetes itself has a status for."""
    both = {**ASKED, **COLLECTIONS}
    return [path.format(namespace) for path in both.values() if "{}" in path]


def around(namespace: str) -> list[str]:
    """The collections of what explains trouble in a namespace; the events first."""
    return [path.format(namespace) for path in (EVENTS, *AROUND.values())]


@functools.lru_cache(maxsize=64)
def _served(kube: Kube, version: str, kind: str) -> str:
    """The collection of a kind that is served; what is not, is asked for again.

    Raises:
        LookupError: the API server does not serve the kind.
    """
    for resource in kube.resources(version):
        if resource["kind"] == kind and "/" not in resource["name"]:
            inside = "namespaces/{}/" if resource["namespaced"] else ""
            return f"{api_root(version)}/{inside}{resource['name']}"
    raise LookupError(kind)


def _custom(kube: Kube, version: str, kind: str) -> list[str]:
    """The collection of a custom resource's kind; none before its CRD is there."""
    try:
        return [_served(kube, version, kind)]
    except LookupError:
        return []
