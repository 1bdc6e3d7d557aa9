"""Installs missing programs with apt: by package name, said before, never removing any."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.host import privileges, requirements
from learnflow_infra.clusters.embedded.locks import lock
from learnflow_infra.errors import HostError
from learnflow_infra.events import Emit, Step
from learnflow_infra.system.programs import lines, output, succeeds


def missing(wanted: Mapping[str, str]) -> list[str]:
    """The packages of the programs that are not there, sorted, each once."""
    return sorted(
        {package for name, package in wanted.items() if requirements.program(name) is None}
    )


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
                why=", ".join(name for name in wanted if requirements.program(name) is None),
                remedy=f"apt-get install --reinstall {' '.join(still)}",
            )
        step.done(", ".join(packages))


def _install(packages: Sequence[str], step: Step) -> None:
    if requirements.program("apt-get") is None:
        raise HostError(
            "Programs are missing, and this system has no apt.",
            why="Missing (Debian's package names): " + ", ".join(packages),
            remedy="Install them with your package manager, then run the same command again.",
        )
    if not succeeds(["apt-get", "-s", "-qq", "install", *packages]):
        _apt(["update"], lambda line: step.progress(0, len(packages), line))
    quiet_services = requirements.program("containerd") is None and _systemd()
    done = 0

    def progress(line: str) -> None:
        nonlocal done
        done += (
            line.startswith("Setting up ") and line.split()[2].split(":", maxsplit=1)[0] in packages
        )
        step.progress(done, len(packages), line)

    flags = ["-y", "-q", "--no-install-recommends", "--no-remove", "-o", "Dpkg::Use-Pty=0"]
    _apt(["install", *flags, *packages], progress)
    if quiet_services and "containerd" in packages:
        # The package starts a service for everyone; each node runs a containerd of its own.
        output(privileges.as_root(["systemctl", "disable", "--now", "containerd.service"]))


def _apt(arguments: Sequence[str], note: Callable[[str], None]) -> None:
    """Run apt-get, waiting for another one that runs already."""
    options = ["-o", "DPkg::Lock::Timeout=300"]
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options, *arguments]
    try:
        for line in lines(privileges.as_root(command)):
            note(line)
    except HostError as error:
        raise HostError(
            f"apt-get {arguments[0]} failed.",
            why=error.why,
            remedy="Mend what apt-get says, then run the same command again.",
        ) from error


def _systemd() -> bool:
    return Path("/run/systemd/system").is_dir()
