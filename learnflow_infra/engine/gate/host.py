"""Has this machine what the embedded cluster takes? Asked before the long build, not after it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.gate.capacity import MIB, enough, total
from learnflow_infra.engine.request.session import Request
from learnflow_infra.errors import HostError
from learnflow_infra.models import Check, Foundation, Target

NODE_MEMORY = 768 * MIB
"""What the node's own programs take, beside the pods (measured: 600 to 700 MiB)."""
MEMINFO = Path("/proc/meminfo")


def checks(request: Request) -> list[Check]:
    """What a cluster takes that a deploy would make or start; nothing when it runs."""
    target = request.target
    state = embedded.status(target.cluster).state if target.cluster else "running"
    if state == "running":
        return []
    system = _host()
    if not system.passed:
        return [system]
    needed = total(skill.foundation for skill in request.skills)
    have = room(len(os.sched_getaffinity(0)), _free_memory(), needed)
    return [system, *have, *disks(_takes(request, state, needed))]


def free_disk(target: Target) -> int | None:
    """Bytes that the volumes of an embedded cluster can still take; None for other clusters.

    Its node tells the size of the disk as allocatable, whatever lies on it.
    """
    return shutil.disk_usage(_existing(paths.data_dir())).free if target.cluster else None


def room(cpus: int, memory: int, needed: Foundation) -> list[Check]:
    """Pure: CPUs, and bytes of memory that are free, against what skills ask for."""
    wanted = needed.memory + NODE_MEMORY
    return [
        enough("host cpu", cpus, needed.cpu, "CPUs", "Give this machine more CPUs."),
        enough(
            "host memory",
            memory // MIB,
            wanted // MIB,
            "MiB available",
            "End other programs, or give this machine more memory.",
        ),
    ]


def disks(wanted: Sequence[tuple[Path, int]]) -> list[Check]:
    """For each file system, whether it has the bytes that are wanted in folders on it."""
    sums: dict[int, tuple[Path, int]] = {}
    for folder, size in wanted:
        existing = _existing(folder)
        first, before = sums.get(existing.stat().st_dev, (folder, 0))
        sums[existing.stat().st_dev] = first, before + size
    return [_disk(folder, size) for folder, size in sums.values()]


def _disk(folder: Path, size: int) -> Check:
    place = _existing(folder)
    remedy = f"Free some: df -h {place}   (XDG_CACHE_HOME and XDG_DATA_HOME choose other disks)"
    free = shutil.disk_usage(place).free // MIB
    return enough("host disk", free, size // MIB, f"MiB free for {folder}", remedy)


def _takes(request: Request, state: str, needed: Foundation) -> list[tuple[Path, int]]:
    profile = request.target.profile
    recipes = [use.recipe for r in request.releases for use in r.profiles[profile].images]
    return [
        (paths.cache_dir(), embedded.missing_bytes(recipes)),
        (paths.data_dir(), 0 if state == "stopped" else needed.storage),
    ]


def _host() -> Check:
    try:
        embedded.require_host()
    except HostError as error:
        return Check(name="host", passed=False, message=error.what, remedy=error.remedy)
    missing = embedded.missing_packages()
    note = f"deploy will install {', '.join(missing)}" if missing else "all programs are there"
    return Check(name="host", passed=True, message=note)


def _free_memory() -> int:
    """MemAvailable of proc(5): free, and what the kernel can take back."""
    line = next(line for line in MEMINFO.read_text().splitlines() if "MemAvailable" in line)
    return int(line.split()[1]) * 1024


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
