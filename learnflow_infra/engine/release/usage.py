"""How much of a namespace's volume claims is used, as the kubelets of their pods report."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import LearnflowError
from learnflow_infra.fields import at
from learnflow_infra.objects import Object
from learnflow_infra.quantities import quantity
from learnflow_infra.readiness.states import claim_names

PATIENCE = 2.0
"""Seconds that a kubelet has to answer."""


def used(kube: Kube, claims: Sequence[Object], namespace: str) -> dict[str, int]:
    """Bytes in use by the claim's name, of claims that pods use.

    A kubelet reports no volume of type hostPath, and many users may not ask it: those claims
    are left out.
    """
    if not claims:
        return {}
    try:
        pods = kube.items(api_paths.pods(namespace))
    except LearnflowError:
        return {}
    return of_claims([_summary(kube, node) for node in nodes(pods)], claims)


def nodes(pods: Iterable[Object]) -> list[str]:
    """Pure: the nodes of pods with claims."""
    return sorted(
        {
            pod["spec"]["nodeName"]
            for pod in pods
            if pod["spec"].get("nodeName") and claim_names(pod)
        }
    )


def of_claims(summaries: Iterable[Mapping[str, Any]], claims: Sequence[Object]) -> dict[str, int]:
    """Pure: bytes in use by the claim's name, from kubelets' `/stats/summary` (stats/v1alpha1).

    A volume whose file system is larger than its claim is a folder beside others, such as one of
    the embedded cluster or of NFS. The kubelet then reports the whole file system's use.

    Args:
        summaries: of the nodes.
        claims: of one namespace.
    """
    sizes = {
        (claim["metadata"]["namespace"], claim["metadata"]["name"]): quantity(capacity)
        for claim in claims
        if (capacity := at(claim, "status", "capacity", "storage"))
    }
    volumes = [
        volume
        for summary in summaries
        for pod in summary.get("pods") or ()
        for volume in pod.get("volume") or ()
    ]
    return {
        volume["pvcRef"]["name"]: int(volume["usedBytes"])
        for volume in volumes
        if volume.get("capacityBytes", inf) <= sizes.get(_claim(volume), 0)
        and "usedBytes" in volume
    }


def _claim(volume: Mapping[str, Any]) -> tuple[str, str]:
    reference = volume.get("pvcRef") or {}
    return reference.get("namespace", ""), reference.get("name", "")


def _summary(kube: Kube, node: str) -> Mapping[str, Any]:
    path = f"{api_paths.NODES}/{node}/proxy/stats/summary"
    try:
        answer: Mapping[str, Any] = kube.request("GET", path, patience=PATIENCE)
    except LearnflowError:
        return {}
    return answer
