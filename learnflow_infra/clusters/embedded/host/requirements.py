"""The requirements on the host: Linux, root or sudo, and a few programs of its packages."""

import shutil
import sys
from pathlib import Path

from learnflow_infra.clusters.embedded.host import privileges
from learnflow_infra.errors import HostError
from learnflow_infra.system.processes import SYSTEM_PATH

PROGRAMS = {
    "nft": "nftables",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "bash": "bash",
}
"""Programs that the node needs beside runc, and the Debian and Ubuntu packages of them."""


def program(name: str) -> Path | None:
    """The path of a program for root: in the system's folders.

    Root's own PATH is searched first; an ordinary user's PATH is ignored. An absolute path
    is returned if it exists: some packages are recognised by a file.
    """
    if name.startswith("/"):
        return Path(name) if Path(name).exists() else None
    own = shutil.which(name) if privileges.is_root() else None
    path = own or shutil.which(name, path=SYSTEM_PATH)
    return Path(path) if path else None


ANOTHER_CLUSTER = (
    "Start another local cluster and name it: `minikube start`, or `kind create cluster` and "
    "`--context kind-kind`."
)
"""The remedy where the embedded cluster cannot run."""


def is_linux(platform: str = sys.platform) -> bool:
    """Whether a system is Linux, by its name in `sys.platform`."""
    return platform.startswith("linux")


def require_linux(platform: str = sys.platform) -> None:
    """Check that the embedded cluster can run on this system.

    Args:
        platform: as `sys.platform` names it.

    Raises:
        HostError: this is not Linux.
    """
    if not is_linux(platform):
        raise HostError(
            "The embedded cluster runs on Linux only.",
            why=f"This system is {platform}.",
            remedy=ANOTHER_CLUSTER,
        )


def require_host() -> None:
    """Check that this host can run the embedded cluster, once its packages are installed.

    Raises:
        HostError: this is not Linux, or the user is not root and there is no sudo.
    """
    require_linux()
    privileges.require_root_or_sudo()
