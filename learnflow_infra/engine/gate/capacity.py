"""Pure: have the nodes the CPU, memory and disk that is still needed?"""

from collections.abc import Iterable, Sequence

from learnflow_infra.models import Check, Foundation
from learnflow_infra.objects import Object
from learnflow_infra.quantities import quantity

MIB = 2**20


def capacity(
    nodes: Sequence[Object],
    pods: Sequence[Object],
    needed: Foundation,
    free_disk: int | None = None,
) -> list[Check]:
    """Ready nodes have the CPU, memory and disk that is still needed, beyond what pods request.

    `free_disk` (bytes) is taken where it is known; a node tells only how large its disk is.
    """
    usable = [node for node in nodes if _usable(node)]
    names = {node["metadata"]["name"] for node in usable}
    cpu, memory, disk = (
        sum(quantity(node["status"]["allocatable"].get(key, 0)) for node in usable)
        for key in ("cpu", "memory", "ephemeral-storage")
    )
    running = [pod for pod in pods if pod["spec"].get("nodeName") in names and _holds(pod)]
    cpu -= sum(_requests(pod, "cpu") for pod in running)
    memory -= sum(_requests(pod, "memory") for pod in running)
    space, unit = (disk, "MiB on nodes") if free_disk is None else (free_disk, "MiB free")
    return [
        enough("nodes", len(usable), 1, "ready nodes", "See: kubectl describe nodes"),
        enough("cpu", round(cpu, 2), needed.cpu, "cores free", "Give the node more CPUs."),
        enough("memory", int(memory // MIB), needed.memory // MIB, "MiB free", "Add memory."),
        enough("disk", int(space // MIB), needed.storage // MIB, unit, "Free some disk."),
    ]


def total(needed: Iterable[Foundation]) -> Foundation:
    """What several skills ask for together."""
    items = list(needed)
    return Foundation(
        cpu=sum(item.cpu for item in items),
        memory=sum(item.memory for item in items),
        storage=sum(item.storage for item in items),
    )


def enough(name: str, have: float, want: float, unit: str, remedy: str) -> Check:
    """Whether there is as much as is wanted, told with the remedy where there is not."""
    good = have >= want
    message = f"{have} {unit}, {round(want, 2)} needed"
    return Check(name=name, passed=good, message=message, remedy="" if good else remedy)


def _usable(node: Object) -> bool:
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", ())}
    pressed = any(conditions.get(f"{what}Pressure") == "True" for what in ("Disk", "Memory", "PID"))
    return conditions.get("Ready") == "True" and not pressed


def _holds(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}


def _requests(pod: Object, what: str) -> float:
    requests = (item.get("resources", {}).get("requests", {}) for item in pod["spec"]["containers"])
    return sum(quantity(request.get(what, 0)) for request in requests)
