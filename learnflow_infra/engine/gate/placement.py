"""Pure: whether the nodes can hold the pods of a run, in some arrangement.

The search is exact, so a refusal is one that no scheduler could avoid. It is given up, and the
pods are let through, where there are too many arrangements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from learnflow_infra.engine.gate.nodes import TOLERANCE, Node, admits
from learnflow_infra.engine.gate.requests import Workload, added

_STEPS = 5000
"""Arrangements of a pod that are tried at most."""
_HOST = "kubernetes.io/hostname"


def placeable(workloads: Sequence[Workload], nodes: Sequence[Node]) -> bool:
    """Whether all pods fit on the nodes at the same time, or that is not known."""
    pods = [item for item in workloads for _ in range(item.count) if not item.everywhere]
    pods.sort(key=lambda item: (sorted(item.requests.items()), id(item)), reverse=True)
    left = _with_daemons(workloads, nodes)
    return _enough(pods, left) and _Search().place(pods, left, ())


def _enough(pods: Sequence[Workload], nodes: Sequence[Node]) -> bool:
    """Whether the sums suffice, without a look at single nodes."""
    needed = added(*(pod.requests for pod in pods))
    return all(
        amount <= sum(max(0.0, node.free.get(key, 0.0)) for node in nodes) + TOLERANCE
        for key, amount in needed.items()
    )


def _with_daemons(workloads: Sequence[Workload], nodes: Sequence[Node]) -> list[Node]:
    for item in workloads:
        if item.everywhere:
            nodes = [_less(node, item) if admits(node, item.pod) else node for node in nodes]
    return [*nodes]


class _Search:
    def __init__(self) -> None:
        self._steps = 0

    def place(
        self,
        pods: Sequence[Workload],
        nodes: Sequence[Node],
        taken: tuple[tuple[int, str], ...],
        first: int = 0,
    ) -> bool:
        """Place the first pod on each node in turn, and the others after it.

        `taken` are nodes of pods that suffer no other pod of their kind beside them. Pods of one
        kind are placed in the order of nodes, from `first` on, as they are interchangeable.
        """
        if not pods:
            return True
        pod, tried = pods[0], []
        alone = apart(pod)
        same = len(pods) > 1 and pods[1] is pod
        for index, node in enumerate(nodes[first:], first):
            state = (node.labels if alone else None, node.free)
            if state in tried or not _takes(node, pod) or (id(pod), node.name) in taken:
                continue
            self._steps += 1
            if self._steps > _STEPS:
                return True
            tried.append(state)
            rest = [*nodes[:index], _less(node, pod), *nodes[index + 1 :]]
            mark = ((id(pod), node.name),) if alone else ()
            if self.place(pods[1:], rest, taken + mark, index if same else 0):
                return True
        return False


def _takes(node: Node, item: Workload) -> bool:
    return admits(node, item.pod) and node.fits(item.requests)


def _less(node: Node, item: Workload) -> Node:
    free = {key: amount - item.requests.get(key, 0) for key, amount in node.free.items()}
    return replace(node, free=free)


def apart(item: Workload) -> bool:
    """Whether each of the pods has to have a node without another one of them."""
    affinity: Any = item.pod
    for key in ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        affinity = affinity.get(key) or {}
    return any(
        term.get("topologyKey") == _HOST and _selects(term.get("labelSelector") or {}, item)
        for term in affinity or ()
    )


def _selects(selector: Mapping[str, Any], item: Workload) -> bool:
    """Whether labels alone select the workload's own pods; expressions are not read."""
    labels = selector.get("matchLabels") or {}
    return not selector.get("matchExpressions") and all(
        item.labels.get(key) == value for key, value in labels.items()
    )
