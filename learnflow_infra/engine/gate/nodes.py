"""Pure: which nodes take a pod, and what they have left, in the scheduler's terms.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/: node selectors and affinity,
taints and tolerations. Affinity to other pods is not read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from learnflow_infra.conditions import holds
from learnflow_infra.engine.gate.requests import Resources, requested
from learnflow_infra.objects import Fields, Object, Pod, PodSpec
from learnflow_infra.quantities import quantity
from learnflow_infra.readiness.states import has_ended

_KEEPS_OUT = ("NoSchedule", "NoExecute")
TOLERANCE = 1e-9
"""Cores or bytes that sums of floats may differ by."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node that is ready: all that it has of each resource, and what no pod has requested."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Fields]
    free: Resources
    total: Resources = field(default_factory=dict)

    @property
    def emptied(self) -> "Node":
        """The node without the pods on it, which pods of a higher priority may displace."""
        return replace(self, free=self.total)

    def fits(self, requests: Resources) -> bool:
        """Whether the node has so much left."""
        return not self.lacking(requests)

    def lacking(self, requests: Resources) -> list[str]:
        """The resources of which the node has too little."""
        return [
            key for key, amount in requests.items() if amount > self.free.get(key, 0) + TOLERANCE
        ]


def usable(objects: Iterable[Object], pods: Iterable[Pod]) -> list[Node]:
    """The ready nodes.

    Args:
        objects: the nodes of the cluster.
        pods: those that stay where they are; pods that ended take nothing.
    """
    running = [pod for pod in pods if not has_ended(pod)]
    return [_node(obj, running) for obj in objects if is_ready(obj)]


def is_ready(node: Object) -> bool:
    """Whether a node takes new pods: it is Ready, without pressure, and not cordoned."""
    pressed = any(holds(node, f"{kind}Pressure") for kind in ("Disk", "Memory", "PID"))
    cordoned = (node.get("spec") or {}).get("unschedulable")
    return holds(node, "Ready") and not pressed and not cordoned


def _node(obj: Object, pods: Sequence[Pod]) -> Node:
    name = obj["metadata"]["name"]
    total = {key: quantity(text) for key, text in obj["status"].get("allocatable", {}).items()}
    total.setdefault("pods", 110.0)
    free = dict(total)
    for pod in pods:
        if pod["spec"].get("nodeName") == name:
            for key, amount in requested(pod["spec"]).items():
                free[key] = free.get(key, 0.0) - amount
    labels = {"kubernetes.io/hostname": name, **(obj["metadata"].get("labels") or {})}
    taints = (obj.get("spec") or {}).get("taints") or ()
    return Node(name=name, labels=labels, taints=taints, free=free, total=total)


def admits(node: Node, pod: PodSpec) -> bool:
    """Whether a pod may run on a node, whatever it requests."""
    return not refusal(node, pod)


def refusal(node: Node, pod: PodSpec) -> str:
    """Why a node does not admit a pod; "" if it does."""
    fields: Any = pod
    tolerations = fields.get("tolerations") or ()
    for taint in node.taints:
        if taint.get("effect") in _KEEPS_OUT and not _tolerated(taint, tolerations):
            return f"has the taint {taint['key']}:{taint['effect']}"
    selector = fields.get("nodeSelector") or {}
    if any(node.labels.get(key) != str(value) for key, value in selector.items()):
        return "lacks a label of nodeSelector"
    affinity = ((fields.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    terms = affinity.get("nodeSelectorTerms") or ()
    matched = not terms or any(_matches(node, term) for term in terms)
    return "" if matched else "does not match the node affinity"


def _tolerated(taint: Fields, tolerations: Iterable[Fields]) -> bool:
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def _tolerates(toleration: Fields, taint: Fields) -> bool:
    key, effect = toleration.get("key"), toleration.get("effect")
    if (key and key != taint.get("key")) or (effect and effect != taint.get("effect")):
        return False
    exists = toleration.get("operator") == "Exists"
    same = (toleration.get("value") or "") == (taint.get("value") or "")
    return exists or (bool(key) and same)


def _matches(node: Node, term: Fields) -> bool:
    """A term with neither expressions nor fields matches no node."""
    expressions = term.get("matchExpressions") or ()
    names = term.get("matchFields") or ()  # metadata.name is the only field
    return bool(expressions or names) and all(
        [
            *(_holds(item, node.labels.get(item["key"])) for item in expressions),
            *(_holds(item, node.name) for item in names),
        ]
    )


def _holds(expression: Fields, label: str | None) -> bool:
    values = [str(value) for value in expression.get("values") or ()]
    holds: Mapping[str, Callable[[], bool]] = {
        "In": lambda: label in values,
        "NotIn": lambda: label not in values,
        "Exists": lambda: label is not None,
        "DoesNotExist": lambda: label is None,
        "Gt": lambda: label is not None and int(label) > int(values[0]),
        "Lt": lambda: label is not None and int(label) < int(values[0]),
    }
    return holds[expression["operator"]]()
