"""Pods that no node fits, by the scheduler's summary of its nodes.

Source: the message of the condition PodScheduled, made by FitError of kube-scheduler:
`0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. preemption: …`
"""

import re
from collections.abc import Iterator

from learnflow_infra.conditions import condition
from learnflow_infra.fields import at, items, part, text
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.states import claim_names

_RULES: tuple[tuple[Code, str], ...] = (
    (
        Code.NodeNotReady,
        (
            r"node\.kubernetes\.io/(not-ready|unreachable|network-unavailable|out-of-service)"
            r"|node\.cloudprovider\.kubernetes\.io/"
        ),
    ),
    (Code.NodePressure, r"node\.kubernetes\.io/[a-z]+-pressure"),
    (Code.PodUnschedulableCpu, r"Insufficient cpu"),
    (Code.PodUnschedulableMemory, r"Insufficient memory"),
    (Code.PodUnschedulableTaint, r"taint|were unschedulable"),
    (
        Code.PodUnschedulableAffinity,
        r"(anti-|pod )affinity|topology spread|olume's? node aff|volume node affinity",
    ),
    (Code.PodUnschedulableNodeSelector, r"affinity/selector|node selector"),
)
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_TAINT = re.compile(r"\btaint")
_CONTROL = re.compile(r"node-role\.kubernetes\.io/(control-plane|master)")
"""Taints of every control plane; what is wrong are the reasons of the other nodes."""
_CORDONED = "node.kubernetes.io/unschedulable"
"""The scheduler has a reason of its own for it: "were unschedulable"."""
_KEEPS_OFF = {"NoSchedule", "NoExecute"}
_END = re.compile(r"[.,]? (?:preemption:|no new claims to deallocate|still not schedulable)")
_NEXT = re.compile(r", (?=\d+ )")
_REASON = re.compile(r"(\d+) (.+)", re.DOTALL)
_NEW_NODE = 600.0
"""Seconds that a new node may take."""
_ADDED, _NOT_ADDED = ("TriggeredScaleUp", "Nominated"), "NotTriggerScaleUp"
"""Reasons of events about a pod. Source: the Cluster Autoscaler, and Karpenter."""
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
        message = summary(pod) or _by_event(facts, pod)
        if message and not (_UNBOUND in message and _waits_for_claim(facts, pod)):
            yield _cause(facts, pod, message)


def summary(pod: Object) -> str:
    """The scheduler's message about a pod that it could not place; "" for other pods."""
    placed = condition(pod, "PodScheduled")
    if placed.get("status") != "False" or placed.get("reason") == "SchedulingGated":
        return ""
    return " ".join(str(placed.get("message") or "").split())


def _by_event(facts: Facts, pod: Object) -> str:
    """The scheduler's event about a pod without a node, whose condition says nothing."""
    placed = at(pod, "spec", "nodeName") or condition(pod, "PodScheduled").get("status") == "False"
    return "" if placed else facts.newest(pod, "FailedScheduling")


def _waits_for_claim(facts: Facts, pod: Object) -> bool:
    """Whether a claim of the release that the pod uses has a cause of its own."""
    pending = {claim["metadata"]["name"] for claim, _ in facts.unready("PersistentVolumeClaim")}
    used = claim_names(pod)
    return bool(pending & used if used else pending)


def _cause(facts: Facts, pod: Object, message: str) -> Cause:
    code = code_of(facts, pod, message)
    return Cause(
        code=code,
        object=reference(pod),
        message=f"no node fits the pod: {_by_nodes(message)}{_request(pod, code)}",
        evidence=(f"scheduler: {message}", *_autoscaler(facts, pod)),
        remedy=_REMEDIES[code],
        grace=_NEW_NODE if _gets_a_node(facts, pod) else 0.0,
    )


def _gets_a_node(facts: Facts, pod: Object) -> bool:
    """Whether an autoscaler is adding a node for it."""
    last = facts.events(pod, *_ADDED, _NOT_ADDED)[-1:]
    return any(event.get("reason") in _ADDED for event in last)


def _autoscaler(facts: Facts, pod: Object) -> tuple[str, ...]:
    message = facts.newest(pod, *_ADDED, _NOT_ADDED)
    return (f"autoscaler: {message}",) if message else ()


def _by_nodes(message: str) -> str:
    """The message without what preemption would do."""
    return _END.split(message)[0].rstrip("., ")


def code_of(facts: Facts, pod: Object, message: str) -> Code:
    """The reason of most nodes; at a tie, the first reason in the message."""
    counts: dict[Code, int] = {}
    for number, reason in _reasons(message):
        for code, nodes in _classified(facts, pod, number, reason):
            counts[code] = counts.get(code, 0) + nodes
    if not counts:
        taken = bool(_reasons(message))  # all nodes are control planes
        return Code.PodUnschedulableTaint if taken else Code.PodUnschedulable
    code = max(counts, key=lambda item: counts[item])
    selected = code is Code.PodUnschedulableNodeSelector
    own = at(pod, "spec", "nodeSelector")
    return Code.PodUnschedulableAffinity if selected and not own else code


def _reasons(message: str) -> list[tuple[int, str]]:
    """Pairs of a number of nodes and the reason why they do not fit."""
    listed = _by_nodes(message).partition("available: ")[2]
    matches = map(_REASON.match, _NEXT.split(listed))
    return [(int(match[1]), match[2]) for match in matches if match]


def _classified(facts: Facts, pod: Object, number: int, reason: str) -> list[tuple[Code, int]]:
    """The codes of a reason, each with its number of nodes; none for control planes' taints."""
    if _TAINT.search(reason):
        return _taints(facts, pod, number, reason)
    return [(_by_words(reason), number)]


def _by_words(reason: str) -> Code:
    return next((code for code, words in _RULES if re.search(words, reason)), Code.PodUnschedulable)


def _taints(facts: Facts, pod: Object, number: int, reason: str) -> list[tuple[Code, int]]:
    """Since Kubernetes 1.35 the message names no key; the nodes' own taints then tell."""
    if "{" in reason:
        return [] if _CONTROL.search(reason) else [(_by_words(reason), number)]
    keys = _untolerated(facts, pod)[:number]
    keys += [""] * (number - len(keys))
    return [(_by_words(f"{key} taint"), 1) for key in keys if not _CONTROL.search(key)]


def _untolerated(facts: Facts, pod: Object) -> list[str]:
    """Of each node with taints that the pod does not tolerate, the key of the first."""
    known = {text(item, "key") for item in items(pod, "spec", "tolerations")} | {_CORDONED}
    keys = (
        [text(t, "key") for t in items(node, "spec", "taints") if t.get("effect") in _KEEPS_OFF]
        for node in facts.surroundings("Node")
    )
    return [left[0] for own in keys if (left := [key for key in own if key not in known])]


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
