"""What the host must have: Linux, root or sudo, and a few programs from its packages."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.locks import lock
from learnflow_infra.clusters.embedded.process import SYSTEM_PATH, lines, output, succeeds
from learnflow_infra.errors import HostError
from learnflow_infra.events import Emit, Step

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


def missing(wanted: Mapping[str, str]) -> list[str]:
    """The packages of the programs that are not there, sorted, each once."""
    return sorted({package for name, package in wanted.items() if program(name) is None})


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
            remedy="Run the same command as root, or use a minikube or kind cluster by --context.",
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


def ensure_packages(wanted: Mapping[str, str], *, emit: Emit) -> None:
    """Install what is missing with apt, after saying so; nothing is ever removed.

    Args:
        wanted: a package by the program that is needed of it.
        emit: takes the events.

    Raises:
        HostError: there is no apt, or it failed.
    """
    packages = missing(wanted)
    with events.step(emit, "host/packages", "Install missing packages") as step:
        if not packages:
            step.done("nothing missing", changed=False)
            return
        with lock("packages", lambda: step.progress(0, None, "waiting for another run")):
            packages = missing(wanted)
            if packages:
                emit(events.Message(text=f"Installing with apt: {', '.join(packages)}"))
                _install(packages, step)
        still = missing(wanted)
        if still:
            raise HostError(
                "The packages were installed, and programs are still missing.",
                why=", ".join(name for name in wanted if program(name) is None),
                remedy=f"apt-get install --reinstall {' '.join(still)}",
            )
        step.done(", ".join(packages))


def _install(packages: Sequence[str], step: Step) -> None:
    if program("apt-get") is None:
        raise HostError(
            "Programs are missing, and this system has no apt.",
            why="Missing (Debian's package names): " + ", ".join(packages),
            remedy="Install them with your package manager, then run the same command again.",
        )
    if not all(succeeds(["apt-get", "-s", "-qq", "install", name]) for name in packages):
        for line in lines(as_root(["apt-get", "update"])):
            step.progress(0, len(packages), line)
    quiet_services = program("containerd") is None and _systemd()
    flags = ["-y", "-q", "--no-install-recommends", "--no-remove", "-o", "Dpkg::Use-Pty=0"]
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *flags]
    done = 0
    for line in lines(as_root([*command, *packages])):
        done += line.startswith("Setting up ") and line.split()[2].split(":")[0] in packages
        step.progress(done, len(packages), line)
    if quiet_services and "containerd" in packages:
        # The package starts a service for everyone; each node runs a containerd of its own.
        output(as_root(["systemctl", "disable", "--now", "containerd.service"]))


def _systemd() -> bool:
    return Path("/run/systemd/system").is_dir()
