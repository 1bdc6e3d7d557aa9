"""Nodes that are not ready or lack resources, and pods that nodes ended or did not take."""

from collections.abc import Iterator

from learnflow_infra.conditions import condition, holds
from learnflow_infra.fields import at, text
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes import scheduling
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.past import uncounted
from learnflow_infra.readiness.states import containers, ended, owner_uids

_PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure")


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each such node that an unready pod runs or may run on, and for evictions."""
    pods = [pod for pod, _ in facts.unready("Pod")]
    held = [pod for pod in facts.terminating() if pod["kind"] == "Pod" and _awaited(facts, pod)]
    used = {at(pod, "spec", "nodeName") for pod in (*pods, *held)}
    kept_off = any(_kept_off(facts, pod) for pod in pods)
    for node in facts.surroundings("Node") if pods or held else ():
        if node["metadata"]["name"] in used or kept_off:
            yield from _troubles(node)
    for pod in pods:
        if _ended_by_node(pod) and not _replaced(facts, pod):
            yield _evicted(pod)


def _kept_off(facts: Facts, pod: Object) -> bool:
    """Whether troubles of nodes keep a pod without a node off them; other nodes do not matter."""
    if at(pod, "spec", "nodeName"):
        return False
    message = scheduling.summary(pod)
    if message:
        return scheduling.code_of(facts, pod, message) in {Code.NodeNotReady, Code.NodePressure}
    nodes = facts.surroundings("Node")  # the scheduler has not seen it
    return not any(holds(node, "Ready") for node in nodes)


def _awaited(facts: Facts, pod: Object) -> bool:
    """Whether the end of a pod is awaited: nothing takes its place before, as in StatefulSets."""
    objects = [obj for obj, _ in facts.evidence.states]
    return pod["metadata"].get("uid") not in uncounted(objects)


def _ended_by_node(pod: Object) -> bool:
    """Whether the kubelet ended or refused the pod itself, and not one of its containers."""
    ended_itself = not text(pod, "status", "reason") and any(map(ended, containers(pod)))
    return at(pod, "status", "phase") == "Failed" and not ended_itself


def _evicted(pod: Object) -> Cause:
    reason, why = text(pod, "status", "reason"), text(pod, "status", "message")
    what = "evicted the pod" if reason == "Evicted" else "ended or refused the pod"
    texts = [reason if reason != "Evicted" else "", why]
    return Cause(
        code=Code.PodEvicted,
        object=reference(pod),
        message=": ".join([f"the node {what}", *filter(None, texts)]),
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


def _troubles(node: Object) -> Iterator[Cause]:
    if holds(node, "Ready"):
        yield from _pressures(node)
    else:
        yield _not_ready(node)


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
