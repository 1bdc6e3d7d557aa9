"""Installs the packages of missing programs with apt; none is ever removed."""

from collections.abc import Callable, Mapping, Sequence

from learnflow_infra import events
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.host import privileges, requirements
from learnflow_infra.errors import HostError
from learnflow_infra.events import Emit, Step
from learnflow_infra.system.programs import lines, succeeds


def missing(needed: Mapping[str, str]) -> list[str]:
    """The packages of the programs that this host lacks, sorted and without duplicates."""
    return sorted(
        {package for name, package in needed.items() if requirements.program(name) is None}
    )


def ensure_packages(needed: Mapping[str, str], *, emit: Emit) -> None:
    """Install missing packages with apt, after a message that names them.

    Args:
        needed: the package of each program that is needed.
        emit: called with each event.

    Raises:
        HostError: there is no apt, or it failed.
    """
    packages = missing(needed)
    with events.step(emit, "host/packages", "Install missing packages") as step:
        if not packages:
            step.done("nothing missing", changed=False)
            return
        with lock("packages", lambda: step.progress(0, None, "waiting for another run")):
            packages = missing(needed)
            if packages:
                emit(events.Message(text=f"Installing with apt: {', '.join(packages)}"))
                _install(packages, step)
        lacking = missing(needed)
        if lacking:
            raise HostError(
                "The packages were installed, but programs are missing.",
                why=", ".join(name for name in needed if requirements.program(name) is None),
                remedy=f"apt-get install --reinstall {' '.join(lacking)}",
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
    done = 0

    def progress(line: str) -> None:
        nonlocal done
        done += (
            line.startswith("Setting up ") and line.split()[2].split(":", maxsplit=1)[0] in packages
        )
        step.progress(done, len(packages), line)

    flags = ["-y", "-q", "--no-install-recommends", "--no-remove", "-o", "Dpkg::Use-Pty=0"]
    _apt(["install", *flags, *packages], progress)


def _apt(arguments: Sequence[str], note: Callable[[str], None]) -> None:
    """Run apt-get; it waits for another apt-get's lock."""
    options = ["-o", "DPkg::Lock::Timeout=300"]
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options, *arguments]
    try:
        for line in lines(privileges.as_root(command)):
            note(line)
    except HostError as error:
        raise HostError(
            f"apt-get {arguments[0]} failed.",
            why=error.why,
            remedy="Correct what apt-get reports, then run the same command again.",
        ) from error
