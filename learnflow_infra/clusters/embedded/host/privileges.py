"""Root's rights: whether this process has them, and how a program gets them."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from learnflow_infra.errors import HostError
from learnflow_infra.system.processes import SYSTEM_PATH

CAP_SYS_RESOURCE = 24
"""linux/capability.h."""


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def require_root_or_sudo() -> None:
    """Check that this user can run programs as root.

    Raises:
        HostError: the user is not root, and there is no sudo.
    """
    if not is_root():
        _sudo()


def as_root(argv: Sequence[str]) -> list[str]:
    """The command line that runs a program as root; its PATH has only the system's folders.

    Raises:
        HostError: the user is not root, and there is no sudo.
    """
    if is_root():
        return list(argv)
    return [_sudo(), "--", "/usr/bin/env", f"PATH={SYSTEM_PATH}", *argv]


def python(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module of this package in an isolated Python (-I).

    Neither PYTHONPATH, nor the user's packages, nor the working directory can add code. The
    user's bytecode is read, and none is written (-B): root would own the files.
    """
    bytecode = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    return [sys.executable, "-I", "-B", *bytecode, "-m", module, *arguments]


def give_to_sudo_user(path: Path) -> None:
    """Make the user who called sudo the owner of a file, or of a folder with all in it."""
    if "SUDO_UID" in os.environ and is_root():
        owner = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
        for each in (path, *path.rglob("*")):
            os.chown(each, *owner, follow_symlinks=False)


def may_use_more_resources() -> bool:
    """Whether this process has CAP_SYS_RESOURCE (proc(5), CapEff), as containers often lack it."""
    status = Path("/proc/self/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(mask.split()[1], 16) >> CAP_SYS_RESOURCE & 1)


def _sudo() -> str:
    program = shutil.which("sudo") or shutil.which("sudo", path=SYSTEM_PATH)
    if program is None:
        raise HostError(
            "The embedded cluster needs root, and there is no sudo.",
            why="It makes namespaces, mounts and network interfaces.",
            remedy="Run the same command as root, or install sudo.",
        )
    return program
