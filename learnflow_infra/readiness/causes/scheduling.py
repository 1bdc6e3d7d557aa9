"""Pods that no node fits, by the scheduler's summary of its nodes.

Source: the message of the condition PodScheduled, made by FitError of kube-scheduler:
`0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. preemption: …`
"""

import re
from collections.abc import Iterator

from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.states import at, condition, items, part

_REASON = re.compile(r"(\d+) ((?:node\(s\) |Insufficient |Too many )[^,.{]*(?:\{[^}]*\})?[^,.]*)")
_RULES: tuple[tuple[Code, str], ...] = (
    (Code.NodeNotReady, r"node\.kubernetes\.io/(not-ready|unreachable)"),
    (Code.NodePressure, r"node\.kubernetes\.io/[a-z]+-pressure"),
    (Code.PodUnschedulableCpu, r"Insufficient cpu"),
    (Code.PodUnschedulableMemory, r"Insufficient memory"),
    (Code.PodUnschedulableTaint, r"taint|were unschedulable"),
    (
        Code.PodUnschedulableAffinity,
        r"(anti-|pod )affinity|topology spread|olume's? node aff",
    ),
    (Code.PodUnschedulableNodeSelector, r"affinity/selector"),
)
_REMEDIES = {
    Code.NodeNotReady: "See the nodes: kubectl get nodes",
    Code.NodePressure: "See the nodes: kubectl describe nodes",
    Code.PodUnschedulableCpu: "Lower resources.requests.cpu, or add CPU to the cluster.",
    Code.PodUnschedulableMemory: "Lower resources.requests.memory, or add memory to the cluster.",
    Code.PodUnschedulableNodeSelector: "Label a node, or correct the nodeSelector in your values.",
    Code.PodUnschedulableTaint: "Remove the taint, or set tolerations in your values.",
    Code.PodUnschedulableAffinity: "Add nodes, or loosen the affinity in your values.",
    Code.PodUnschedulable: "See the scheduler's message.",
}


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each pod that the scheduler could not place."""
    for pod, _ in facts.unready("Pod"):
        placed = condition(pod, "PodScheduled")
        if placed.get("status") == "False" and placed.get("reason") != "SchedulingGated":
            message = " ".join(str(placed.get("message") or "").split())
            if message and "unbound immediate PersistentVolumeClaims" not in message:
                yield _cause(pod, message)


def _cause(pod: Object, summary: str) -> Cause:
    code = _code(pod, summary)
    nodes = summary.partition(" preemption:")[0].partition(". no new claims")[0].rstrip(". ")
    return Cause(
        code=code,
        object=reference(pod),
        message=f"no node fits the pod: {nodes}{_request(pod, code)}",
        evidence=(f"scheduler: {summary}",),
        remedy=_REMEDIES[code],
    )


def _code(pod: Object, summary: str) -> Code:
    """The reason of most nodes; at a tie, the first reason in the message."""
    counts: dict[Code, int] = {}
    for number, reason in _REASON.findall(summary.partition(" preemption:")[0]):
        code = next((c for c, words in _RULES if re.search(words, reason)), Code.PodUnschedulable)
        counts[code] = counts.get(code, 0) + int(number)
    if not counts:
        return Code.PodUnschedulable
    code = max(counts, key=lambda item: counts[item])
    selected = code is Code.PodUnschedulableNodeSelector
    own = at(pod, "spec", "nodeSelector")
    return Code.PodUnschedulableAffinity if selected and not own else code


def _request(pod: Object, code: Code) -> str:
    """What the pod requests, if nodes lack that."""
    if code is Code.PodUnschedulableNodeSelector:
        selector = part(pod, "spec", "nodeSelector")
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        return f" (it selects {labels})"
    resource = {Code.PodUnschedulableCpu: "cpu", Code.PodUnschedulableMemory: "memory"}.get(code)
    if not resource:
        return ""
    containers = items(pod, "spec", "containers")
    requests = [at(item, "resources", "requests", resource) for item in containers]
    total = " + ".join(str(request) for request in requests if request is not None)
    return f" (it requests {total} of {resource})" if total else ""
