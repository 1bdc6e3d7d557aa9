"""Makes, enters and removes the node's cgroups; host.cgroups chooses where they are."""

import ctypes
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from learnflow_infra.clusters.embedded.host import cgroups

UNIT_VARIABLE = "LEARNFLOW_NODE_UNIT"
"""Set by the launcher in the environment of the systemd unit that it makes."""
REMOVE_TIMEOUT = 30.0
"""Seconds."""
PAUSE = 0.05
CLONE_NEWCGROUP = 0x02000000
"""linux/sched.h; os.unshare came with Python 3.12."""


def current() -> cgroups.Plan:
    """The plan for this process."""
    return cgroups.plan(
        Path("/proc/self/mountinfo").read_text(),
        Path("/proc/self/cgroup").read_text(),
        systemd=Path("/proc/1/comm").read_text().strip() == "systemd",
        in_unit=UNIT_VARIABLE in os.environ,
        is_root=lambda folder: not Path(folder / "cgroup.type").exists(),
    )


def prepare(name: str, record: Path) -> None:
    """Make the node's cgroup in every hierarchy, without entering it.

    The folders are recorded before they are made, so that a later run can remove them after
    any failure of this one. The outer process does not enter: on v2 a cgroup with processes
    cannot give controllers to its children.
    """
    chosen = current()
    folders = [Path(h.folder) / name for h in chosen.hierarchies]
    record.write_text(json.dumps([str(folder) for folder in folders]))
    for folder in folders:
        if chosen.version == 2:  # noqa: PLR2004 - a version
            _prepare_parent(folder.parent, evacuate=chosen.evacuate)
        folder.mkdir(exist_ok=True)
        _inherit_cpuset(folder)


def enter(record: Path) -> None:
    """Move this process into the recorded cgroups, and make them the root of its namespace."""
    for folder in json.loads(record.read_text()):
        (Path(folder) / "cgroup.procs").write_text("0")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWCGROUP) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "unshare(CLONE_NEWCGROUP)")


def _inherit_cpuset(folder: Path) -> None:
    """Copy the parent's cpuset: in v1 a new one is empty, and no process can enter it."""
    for key in ("cpuset.cpus", "cpuset.mems"):
        if (folder / "tasks").exists() and (folder / key).exists():
            (folder / key).write_text((folder.parent / key).read_text())


def _prepare_parent(parent: Path, *, evacuate: bool) -> None:
    """Give a v2 cgroup's children its controllers, as docker-in-docker's entry point does."""
    if evacuate:
        _move_all(parent, parent / "learnflow-evacuated")
    if UNIT_VARIABLE in os.environ:
        _move_all(parent, parent / "outer")
    delegate(parent)


def delegate(folder: Path) -> None:
    """Enable every available controller for the children of a v2 cgroup."""
    available = (folder / "cgroup.controllers").read_text().split()
    for controller in available:
        with suppress(OSError):  # not every one can be; the kubelet reports those that it needs
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _move_all(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for pid in (source / "cgroup.procs").read_text().split():
        with suppress(OSError):  # it has ended, or is a kernel thread
            (target / "cgroup.procs").write_text(pid)


def settle_inside() -> None:
    """In the node, on v2: move into a leaf, so that pods' cgroups can be made beside it."""
    root = Path("/sys/fs/cgroup")
    _move_all(root, root / "node")
    delegate(root)


def remove(record: Path) -> None:
    """Remove the cgroups that `prepare` recorded, and end what runs in them.

    A node may run that no record names. The record is kept until the last cgroup is removed, so
    that a later run tries again.
    """
    if record.exists():
        remaining = [Path(folder) for folder in json.loads(record.read_text())]
        deadline = time.monotonic() + REMOVE_TIMEOUT
        while remaining := [folder for folder in remaining if not _removed(folder)]:
            if time.monotonic() > deadline:
                return
            time.sleep(PAUSE)
        record.unlink()


def _removed(top: Path) -> bool:
    """Try to remove a cgroup and all below it: it is busy for a moment after its last process."""
    for folder, _, _ in os.walk(top, topdown=False):
        _kill_all(Path(folder, "cgroup.procs"))
        with suppress(OSError):
            Path(folder).rmdir()
    return not top.is_dir()


def _kill_all(file: Path) -> None:
    """Kill the processes that a cgroup.procs lists; 0 is one that this process cannot see."""
    with suppress(OSError):  # the cgroup is gone
        for pid in file.read_text().split():
            if pid != "0":
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
