"""The processes of a cluster's node: recorded at its start, and compared with running ones.

Pids are reused: a process is identified by its pid, its start time and the boot.
"""

import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.system import files


@dataclass(frozen=True, kw_only=True)
class Node:
    """The host's pids of the outer process and of the node's pid 1, with their start times."""

    outer: int
    outer_start: int
    init: int
    init_start: int
    boot: str
    """The kernel's id of the boot."""


def record(root: Path, outer: int, init: int) -> None:
    """Record the processes of the node whose cluster has the folder `root`."""
    node = {
        "outer": outer,
        "outer_start": start_time(outer),
        "init": init,
        "init_start": start_time(init),
    }
    files.replace(cluster_files.Layout(root=root).node, json.dumps(node | {"boot": boot_id()}))


def recorded(name: str) -> Node | None:
    """The recorded processes of a cluster's last node, whether they run or not."""
    try:
        return Node(**json.loads(cluster_files.layout(name).node.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def running(name: str) -> Node | None:
    """The node of a cluster, if the recorded processes still run."""
    node = recorded(name)
    if node is None or node.boot != boot_id():
        return None
    same = start_time(node.outer) == node.outer_start and start_time(node.init) == node.init_start
    return node if same else None


def mark_ready(name: str, node: Node) -> None:
    """Record that this node became ready."""
    files.replace(cluster_files.layout(name).ready, json.dumps(asdict(node)))


def is_marked_ready(name: str) -> bool:
    """Whether the node that runs is the one that was recorded as ready."""
    node, ready = running(name), cluster_files.layout(name).ready
    return node is not None and ready.exists() and json.loads(ready.read_text()) == asdict(node)


def boot_id() -> str:
    """The kernel's id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """The start time of a process in clock ticks (proc(5), stat field 22); None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def kill(pid: int, start: int, timeout: float) -> None:
    """Kill a process with this start time, and wait until it has ended (in seconds at most)."""
    with _opened(pid, start) as descriptor:
        if descriptor is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], timeout)


def wait(pid: int, start: int, timeout: float) -> None:
    """Wait until a process with this start time has ended, for `timeout` seconds at most."""
    with _opened(pid, start) as descriptor:
        if descriptor is not None:
            select.select([descriptor], [], [], timeout)


@contextmanager
def _opened(pid: int, start: int) -> Iterator[int | None]:
    """A descriptor of the process, readable once it ends (pidfd_open(2)); None if it has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor if start_time(pid) == start else None
    finally:
        os.close(descriptor)
