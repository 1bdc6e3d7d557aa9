"""Pure: have the nodes the CPU, memory and disk that is still needed?"""

from collections.abc import Sequence

from learnflow_infra.models import Check, Document, Foundation
from learnflow_infra.quantities import quantity

MIB = 2**20


def capacity(
    nodes: Sequence[Document], pods: Sequence[Document], needed: Foundation
) -> list[Check]:
    """Ready nodes have the CPU, memory and disk that is still needed, beyond what pods request."""
    usable = [node for node in nodes if _usable(node)]
    names = {node["metadata"]["name"] for node in usable}
    cpu, memory, disk = (
        sum(quantity(node["status"]["allocatable"].get(key, 0)) for node in usable)
        for key in ("cpu", "memory", "ephemeral-storage")
    )
    running = [pod for pod in pods if pod["spec"].get("nodeName") in names and _holds(pod)]
    cpu -= sum(_requests(pod, "cpu") for pod in running)
    memory -= sum(_requests(pod, "memory") for pod in running)
    return [
        _enough("nodes", len(usable), 1, "ready nodes", "See: kubectl describe nodes"),
        _enough("cpu", round(cpu, 2), needed.cpu, "cores free", "Give the node more CPUs."),
        _enough("memory", int(memory // MIB), needed.memory // MIB, "MiB free", "Add memory."),
        _enough("disk", int(disk // MIB), needed.storage // MIB, "MiB on nodes", "Free some disk."),
    ]


def _enough(name: str, have: float, want: float, unit: str, remedy: str) -> Check:
    good = have >= want
    message = f"{have} {unit}, {round(want, 2)} needed"
    return Check(name=name, passed=good, message=message, remedy="" if good else remedy)


def _usable(node: Document) -> bool:
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", ())}
    pressed = any(conditions.get(f"{what}Pressure") == "True" for what in ("Disk", "Memory", "PID"))
    return conditions.get("Ready") == "True" and not pressed


def _holds(pod: Document) -> bool:
    return pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}


def _requests(pod: Document, what: str) -> float:
    requests = (item.get("resources", {}).get("requests", {}) for item in pod["spec"]["containers"])
    return sum(quantity(request.get(what, 0)) for request in requests)
