"""A kernel limit that all of a user's programs share, checked before a node starts.

inotify instances (inotify(7)) are counted per user over the whole machine; the kernel's
default of 128 is soon used up by several clusters, or an IDE. A component that gets none
ends repeatedly with "too many open files".
"""

import os
from pathlib import Path

from learnflow_infra.errors import HostError
from learnflow_infra.remedy import Command, Remedy

NEEDED = 24
"""inotify instances of one node (21 counted with Kubernetes 1.34), and some for pods."""
LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


def require_inotify() -> None:
    """Check that enough inotify instances are free for a node.

    Raises:
        HostError: too few are free for root.
    """
    check_inotify(used(), int(LIMIT.read_text()))


def check_inotify(in_use: int, limit: int) -> None:
    """Check that the limit allows those in use and those of a node."""
    if in_use + NEEDED > limit:
        raise HostError(
            "Too few inotify instances are free for another node.",
            why=f"{in_use} of {limit} are in use by root's programs; a node needs {NEEDED}.",
            remedy=Remedy(
                "Stop another cluster (",
                Command("cluster", "stop", "--name", "NAME"),
                f"), or raise the limit: sudo sysctl fs.inotify.max_user_instances={limit * 4}",
            ),
        )


def used() -> int:
    """The number of inotify instances of root's processes."""
    return sum(_instances(process) for process in Path("/proc").glob("[0-9]*"))


def _instances(process: Path) -> int:
    try:
        if process.stat().st_uid != 0:
            return 0
        return sum(_is_inotify(entry) for entry in os.scandir(process / "fd"))
    except OSError:  # it has ended
        return 0


def _is_inotify(entry: os.DirEntry[str]) -> bool:
    try:
        return os.readlink(entry.path) == "anon_inode:inotify"  # noqa: PTH115 - Path is slow here
    except OSError:
        return False
