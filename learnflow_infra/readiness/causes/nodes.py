"""Nodes that are not ready or lack resources, and pods that nodes evicted."""

from collections.abc import Iterator

from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.states import at, condition, owner_uids, text

_PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure")


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each such node that an unready pod runs or may run on, and for evictions."""
    pods = [pod for pod, _ in facts.unready("Pod")]
    used = {at(pod, "spec", "nodeName") for pod in pods}
    for node in facts.surroundings("Node") if pods else ():
        relevant = node["metadata"]["name"] in used or None in used
        if relevant and condition(node, "Ready").get("status") != "True":
            yield _not_ready(node)
        elif relevant:
            yield from _pressures(node)
    for pod in pods:
        if at(pod, "status", "reason") == "Evicted" and not _replaced(facts, pod):
            reason = text(pod, "status", "message")
            yield Cause(
                code=Code.PodEvicted,
                object=reference(pod),
                message=f"the node evicted the pod: {reason}",
                remedy="Request what it needs (resources.requests), or free resources of the node.",
            )


def _replaced(facts: Facts, pod: Object) -> bool:
    """Whether its owner is ready without it, or has made a newer pod."""
    owners = owner_uids(pod)
    created = str(pod["metadata"].get("creationTimestamp") or "")
    return any(
        (obj["metadata"].get("uid") in owners and status.ready)
        or (
            obj["kind"] == "Pod"
            and owners & owner_uids(obj)
            and str(obj["metadata"].get("creationTimestamp") or "") > created
        )
        for obj, status in facts.evidence.states
    )


def _not_ready(node: Object) -> Cause:
    ready = condition(node, "Ready")
    return Cause(
        code=Code.NodeNotReady,
        object=reference(node),
        message=f"the node is not ready: {ready.get('message') or 'its condition gives no reason'}",
        remedy=f"kubectl describe node {node['metadata']['name']}",
    )


def _pressures(node: Object) -> Iterator[Cause]:
    for kind in _PRESSURES:
        if condition(node, kind).get("status") == "True":
            yield Cause(
                code=Code.NodePressure,
                object=reference(node),
                message=f"the node is short of resources: {kind}",
                evidence=(str(condition(node, kind).get("message") or ""),),
                remedy=f"Free it: kubectl describe node {node['metadata']['name']}",
            )
