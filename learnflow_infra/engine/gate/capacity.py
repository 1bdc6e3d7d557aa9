"""Pure: check that the nodes have the CPU, memory and disk that is still required."""

from collections.abc import Sequence

from learnflow_infra.checks import Check
from learnflow_infra.models import Foundation
from learnflow_infra.objects import Object
from learnflow_infra.quantities import MIB, quantity


def capacity(
    nodes: Sequence[Object],
    pods: Sequence[Object],
    required: Foundation,
    free_disk: int | None = None,
) -> list[Check]:
    """Check the ready nodes for CPU, memory and disk, beyond what running pods request.

    Args:
        nodes: of the cluster.
        pods: of all namespaces.
        required: by skills that are not installed yet.
        free_disk: bytes; None takes the size of the nodes' disks, as a node does not report
            how much is free.
    """
    usable = [node for node in nodes if _usable(node)]
    names = {node["metadata"]["name"] for node in usable}
    cpu, memory, disk = (
        sum(quantity(node["status"]["allocatable"].get(key, 0)) for node in usable)
        for key in ("cpu", "memory", "ephemeral-storage")
    )
    running = [pod for pod in pods if pod["spec"].get("nodeName") in names and not _ended(pod)]
    cpu -= sum(_requests(pod, "cpu") for pod in running)
    memory -= sum(_requests(pod, "memory") for pod in running)
    space, unit = (disk, "MiB on nodes") if free_disk is None else (free_disk, "MiB free")
    return [
        enough("nodes", len(usable), 1, "ready nodes", "See: kubectl describe nodes"),
        enough("cpu", round(cpu, 2), required.cpu, "cores free", "Give the node more CPUs."),
        enough("memory", int(memory // MIB), required.memory // MIB, "MiB free", "Add memory."),
        enough("disk", int(space // MIB), required.storage // MIB, unit, "Free some disk."),
    ]


def enough(name: str, available: float, required: float, unit: str, remedy: str) -> Check:
    """Check that `available` is at least `required`; `remedy` is for a failed check."""
    passed = available >= required
    message = f"{available} {unit}, {round(required, 2)} needed"
    return Check(name=name, passed=passed, message=message, remedy="" if passed else remedy)


def _usable(node: Object) -> bool:
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", ())}
    pressed = any(conditions.get(f"{kind}Pressure") == "True" for kind in ("Disk", "Memory", "PID"))
    return conditions.get("Ready") == "True" and not pressed


def _ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def _requests(pod: Object, resource: str) -> float:
    requests = (item.get("resources", {}).get("requests", {}) for item in pod["spec"]["containers"])
    return sum(quantity(request.get(resource, 0)) for request in requests)
