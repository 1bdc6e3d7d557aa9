"""What the host must have: Linux, root or sudo, and a few programs from its packages."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from learnflow_infra.clusters.embedded.process import SYSTEM_PATH
from learnflow_infra.errors import HostError

PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ptp": "containernetworking-plugins",
    "host-local": "containernetworking-plugins",
    "nft": "nftables",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "bash": "bash",
}
"""Programs that the node needs, and the Debian and Ubuntu packages that bring them."""
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
"""Where Debian's package and the upstream release put CNI plugins."""
CAP_SYS_RESOURCE = 24


def program(name: str) -> Path | None:
    """Where a program is: on PATH, in the system's folders, or among the CNI plugins.

    An absolute path stands for itself: some packages bring a file that is no program.
    """
    if name.startswith("/"):
        return Path(name) if Path(name).exists() else None
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)
    if found:
        return Path(found)
    return next((folder / name for folder in CNI_FOLDERS if (folder / name).exists()), None)


def cni_folder() -> Path:
    """The folder of the CNI plugins.

    Raises:
        HostError: there is none.
    """
    for folder in CNI_FOLDERS:
        if (folder / "ptp").exists():
            return folder
    raise HostError(
        "The CNI plugins are missing.", remedy="apt-get install containernetworking-plugins"
    )


def require_linux(platform: str = sys.platform) -> None:
    """Stop where the embedded cluster cannot run.

    Raises:
        HostError: this is not Linux.
    """
    if not platform.startswith("linux"):
        raise HostError(
            "The embedded cluster runs on Linux only.",
            why=f"This system is {platform}.",
            remedy="Start another local cluster and name it: `minikube start`, or "
            "`kind create cluster` and `--context kind-kind`.",
        )


def is_root() -> bool:
    """Whether this process may do everything itself."""
    return os.geteuid() == 0


def sudo() -> Path:
    """The sudo program of a user who is not root.

    Raises:
        HostError: there is none.
    """
    found = program("sudo")
    if found is None:
        raise HostError(
            "The embedded cluster needs root, and there is no sudo.",
            why="It makes namespaces, mounts and network interfaces.",
            remedy="Run the same command as root, or install sudo.",
        )
    return found


def require_root_way() -> None:
    """Check that this user can do what root does, here or through sudo.

    Raises:
        HostError: there is no way.
    """
    if not is_root():
        sudo()


def as_root(argv: Sequence[str]) -> list[str]:
    """A command line that runs as root."""
    return list(argv) if is_root() else [str(sudo()), "--", *argv]


def capable() -> bool:
    """Whether this process has CAP_SYS_RESOURCE (proc(5), CapEff), as containers often lack it."""
    status = Path("/proc/self/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(mask.split()[1], 16) >> CAP_SYS_RESOURCE & 1)
