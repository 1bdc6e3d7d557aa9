"""Pure: check that the nodes can hold the pods of the manifests, before anything is changed."""

from collections.abc import Mapping, Sequence

from learnflow_infra.checks import Check
from learnflow_infra.engine.gate.nodes import Node, admits, refusal
from learnflow_infra.engine.gate.placement import apart, placeable
from learnflow_infra.engine.gate.requests import Resources, Workload, added
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields
from learnflow_infra.quantities import MIB, quantity
from learnflow_infra.remedy import Command, Remedy

_SHOWN = 4
"""Nodes that a message names at most."""


def capacity(
    nodes: Sequence[Node],
    workloads: Sequence[Workload],
    values: Mapping[ReleaseName, Fields] | None = None,
) -> list[Check]:
    """Check that the nodes can hold all workloads together.

    Args:
        nodes: that are ready, with what pods outside of these workloads leave of them.
        workloads: of the releases that a run changes.
        values: of each release, so that a remedy can name the key of a request.
    """
    ready = Check(
        name="nodes",
        passed=bool(nodes),
        message=f"{len(nodes)} ready nodes",
        remedy="" if nodes else "See: kubectl describe nodes",
    )
    if not nodes:
        return [ready]
    emptied = [node.emptied for node in nodes]
    alone = [
        _alone(item, emptied if item.preempts else nodes, values or {})
        for item in workloads
        if item.count
    ]
    failed = [check for check in alone if check]
    if failed:
        return [ready, *failed]
    lasting = [item for item in workloads if not (item.hook or item.preempts)]
    return [ready, _together(lasting, nodes)]


def enough(name: str, available: float, required: float, unit: str, remedy: str) -> Check:
    """Check that `available` is at least `required`; `remedy` is for a failed check."""
    passed = available >= required
    message = f"{available} {unit}, {round(required, 2)} needed"
    return Check(name=name, passed=passed, message=message, remedy="" if passed else remedy)


def _alone(
    item: Workload, nodes: Sequence[Node], values: Mapping[ReleaseName, Fields]
) -> Check | None:
    """The failed check of a workload of which no node takes a pod, or too few do."""
    admitting = [node for node in nodes if admits(node, item.pod)]
    fitting = [node for node in admitting if node.fits(item.requests)]
    needed = item.count if apart(item) and not item.everywhere else 1
    if len(fitting) >= needed or (item.everywhere and not admitting):
        return None
    many = f"{needed} nodes, of which {len(fitting)} fit" if needed > 1 else "a node that has it"
    reasons = "; ".join(f"{node.name} {_reason(node, item)}" for node in nodes[:_SHOWN])
    lacking = dict.fromkeys(key for node in admitting for key in node.lacking(item.requests))
    return Check(
        name="capacity",
        passed=False,
        message=f"a pod of {item.owner} requests {shown(item.requests)} and needs {many}: "
        f"{reasons}",
        remedy=_remedy(item, [*lacking], values),
    )


def _reason(node: Node, item: Workload) -> str:
    lacking = {key: max(0.0, node.free.get(key, 0.0)) for key in node.lacking(item.requests)}
    return refusal(node, item.pod) or (f"has {shown(lacking)} free" if lacking else "fits")


def _remedy(item: Workload, lacking: Sequence[str], values: Mapping[ReleaseName, Fields]) -> str:
    keys = [
        f"--set {item.release}.{key}=…"
        for name in lacking
        for key in _keys(values.get(item.release, {}), name, item.requests[name])
    ]
    if keys:
        return f"Request less: {' '.join(keys)}; or add nodes."
    return "Request less, add nodes, or correct where the pods may run."


def _keys(values: Fields, resource: str, amount: float, prefix: str = "") -> list[str]:
    """Keys `….requests.<resource>` of that amount; or `….limits.<resource>`, if that is taken."""
    found = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += _keys(value, resource, amount, f"{prefix}{name}.")
        elif name == resource and prefix.endswith(("requests.", "limits.")):
            found += [f"{prefix}{name}"] if _equals(value, amount) else []
    return [key for key in found if ".requests." in f".{key}"] or found


def _equals(value: object, amount: float) -> bool:
    try:
        return quantity(str(value)) == amount
    except ValueError:
        return False


def _together(workloads: Sequence[Workload], nodes: Sequence[Node]) -> Check:
    requests = total(workloads)
    message = f"pods request {shown(requests)}"
    if placeable(workloads, nodes):
        return Check(name="capacity", passed=True, message=message)
    free = {key: sum(max(0.0, node.free.get(key, 0.0)) for node in nodes) for key in requests}
    return Check(
        name="capacity",
        passed=False,
        message=f"{message} together; the nodes have {shown(free)} free",
        remedy=Remedy("Request less, or add nodes. See the values: ", Command("values")),
    )


def total(workloads: Sequence[Workload]) -> Resources:
    """What all pods request together; of a DaemonSet one counts."""
    pods = [item for item in workloads if not item.hook for _ in range(item.count)]
    return added(*(item.requests for item in pods))


def shown(amounts: Resources) -> str:
    """Amounts as Kubernetes writes them, such as `cpu 0.5, memory 512Mi`."""
    words = [f"{key} {_shown(key, amount)}" for key, amount in amounts.items() if key != "pods"]
    return ", ".join(words) or f"{amounts.get('pods', 0):.0f} pods"


def _shown(key: str, amount: float) -> str:
    bytes_ = key in {"memory", "ephemeral-storage"} or key.startswith("hugepages-")
    return f"{amount / MIB:.0f}Mi" if bytes_ else f"{round(amount, 3):g}"
