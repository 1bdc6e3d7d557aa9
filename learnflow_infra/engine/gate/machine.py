"""Check that this machine can run the embedded cluster, before it is built."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.checks import Check
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.gate.capacity import enough
from learnflow_infra.engine.gate.demand import Demand
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.errors import HostError
from learnflow_infra.locations import Target
from learnflow_infra.quantities import MIB

NODE_MEMORY = 768 * MIB
"""Bytes of memory that the node's programs take without pods (measured: 600 to 700 MiB)."""
MEMINFO = Path("/proc/meminfo")


def checks(plan: Plan, demand: Callable[[], Demand]) -> list[Check]:
    """Check this machine for a cluster that a deploy would create or start.

    There are no checks for a cluster that runs. A machine that cannot hold even a node without
    pods is named before charts are rendered, for which helm may have to be built.

    Args:
        plan: of the request.
        demand: renders the manifests of the plan's releases.
    """
    if plan.target.state == "running":
        return []
    programs = _programs()
    if not programs.passed:
        return [programs]
    without_pods = _size(plan, Demand())
    if not all(check.passed for check in without_pods):
        return [programs, *(_at_least(check) for check in without_pods)]
    return [programs, *_size(plan, demand())]


def _size(plan: Plan, required: Demand) -> list[Check]:
    """Check CPUs, memory and disks of this machine."""
    cpu_and_memory = room(len(os.sched_getaffinity(0)), _free_memory(), required)
    return [*cpu_and_memory, *disks(_folders(plan, required))]


def _at_least(check: Check) -> Check:
    return replace(check, message=f"{check.message} before any pod")


def room(cpus: int, memory: int, demand: Demand) -> list[Check]:
    """Pure: compare CPUs and free bytes of memory with what the manifests demand."""
    required = demand.memory + NODE_MEMORY
    return [
        enough("host cpu", cpus, demand.cpu, "CPUs", "Give this machine more CPUs."),
        enough(
            "host memory",
            memory // MIB,
            required // MIB,
            "MiB available",
            "End other programs, or give this machine more memory.",
        ),
    ]


def disks(folders: Sequence[tuple[Path, int]]) -> list[Check]:
    """Check each file system for the bytes that folders on it will take together."""
    by_device: dict[int, tuple[Path, int]] = {}
    for folder, size in folders:
        device = nearest_existing(folder).stat().st_dev
        first, total_size = by_device.get(device, (folder, 0))
        by_device[device] = first, total_size + size
    return [_disk(folder, size) for folder, size in by_device.values()]


def free_disk(target: Target) -> int | None:
    """Bytes that the volumes of an embedded cluster can still take; None for other clusters.

    Its node reports the size of the disk as allocatable, however full the disk is.
    """
    return free_bytes(paths.data_dir()) if target.cluster else None


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(nearest_existing(folder)).free


def nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _disk(folder: Path, size: int) -> Check:
    existing = nearest_existing(folder)
    remedy = f"Free some: df -h {existing}   (XDG_CACHE_HOME and XDG_DATA_HOME choose other disks)"
    unit = f"MiB free for {folder}"
    return enough("host disk", free_bytes(folder) // MIB, size // MIB, unit, remedy)


def _folders(plan: Plan, demand: Demand) -> list[tuple[Path, int]]:
    """The folders that a new cluster fills, and the bytes that each will take."""
    profile = plan.target.profile
    recipes = [use.recipe for r in plan.releases for use in r.profiles[profile].images]
    return [
        (paths.cache_dir(), embedded.missing_bytes(recipes)),
        (paths.data_dir(), 0 if plan.target.state == "stopped" else demand.storage),
    ]


def _programs() -> Check:
    try:
        embedded.require_host()
    except HostError as error:
        return Check(name="host", passed=False, message=error.what, remedy=error.remedy)
    missing = embedded.missing_packages()
    note = f"deploy will install {', '.join(missing)}" if missing else "all programs are installed"
    return Check(name="host", passed=True, message=note)


def _free_memory() -> int:
    """MemAvailable of proc(5) in bytes: free, and what the kernel can take back."""
    line = next(line for line in MEMINFO.read_text().splitlines() if "MemAvailable" in line)
    return int(line.split()[1]) * 1024
