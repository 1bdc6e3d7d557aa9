"""Where the objects of each kind are: the paths of their collections in the API."""

import functools
from collections.abc import Iterable, Mapping

from learnflow_infra.clients.kube import NOT_FOUND, ApiError, Kube

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


def paths(kube: Kube, namespace: str, kinds: Iterable[tuple[str, str]]) -> list[str]:
    """The collections of a namespace that a release's objects are in.

    Args:
        kube: the cluster, asked for the names of custom resources.
        namespace: of the release.
        kinds: apiVersion and kind of what its manifest has, and of what operators make of it.
    """
    wanted = []
    for version, kind in kinds:
        if kind in ASKED:
            wanted.append(ASKED[kind].format(namespace))
        elif kind not in COLLECTIONS and (plural := _plurals(kube, version).get(kind)):
            wanted.append(f"/apis/{version}/namespaces/{namespace}/{plural}")
    wanted += [path.format(namespace) for path in COLLECTIONS.values()]
    return list(dict.fromkeys(wanted))


def everything(namespace: str) -> list[str]:
    """The collections of all kinds of a namespace that Kubernetes itself has a status for."""
    both = {**ASKED, **COLLECTIONS}
    return [path.format(namespace) for path in both.values() if "{}" in path]


def around(namespace: str) -> list[str]:
    """The collections of what explains trouble in a namespace; the events first."""
    return [path.format(namespace) for path in (EVENTS, *AROUND.values())]


@functools.lru_cache(maxsize=16)
def _served(kube: Kube, version: str) -> dict[str, str]:
    answer = kube.request("GET", f"/apis/{version}")
    return {r["kind"]: r["name"] for r in answer["resources"] if "/" not in r["name"]}


def _plurals(kube: Kube, version: str) -> dict[str, str]:
    """The names of an API's collections by kind; empty where it is not served (asked again)."""
    try:
        return _served(kube, version)
    except ApiError as error:
        if error.status == NOT_FOUND:
            return {}
        raise
