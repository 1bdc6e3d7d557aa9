"""Programs that build images, and the errors of their failures and of a full disk."""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from learnflow_infra.errors import ArtifactError, HostError
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system.processes import ProgramError
from learnflow_infra.system.programs import lines

Note = Callable[[str], None]
"""Takes a line about the progress."""

_DISK_FULL = "No space left on device"


def run(
    command: Sequence[str], *, what: str, note: Note, env: Mapping[str, str] | None = None
) -> None:
    """Run a program to its end, and pass its output to `note` line by line.

    Args:
        command: program and arguments.
        what: a noun phrase for the error, such as "the Debian packages".
        note: called with every line of stdout and stderr.
        env: added to this process's environment.

    Raises:
        HostError: the program is missing, or the disk is full.
        ArtifactError: it failed; its last lines are the reason.
    """
    try:
        with closing(lines(command, env={"LC_ALL": "C.UTF-8", **(env or {})})) as printed:
            for line in printed:
                note(line)
    except ProgramError as error:
        if error.code is None:
            remedy = Remedy(Command("doctor"))
            raise HostError(error.what, why=error.why, remedy=remedy) from error
        if _DISK_FULL in error.stderr:
            raise disk_full(Path(command[-1]), error.stderr) from error
        raise ArtifactError(
            f"{command[0]} could not make {what} (exit code {error.code}).",
            why=error.stderr,
            remedy="If that is a network failure, run the same command again: it continues.",
        ) from error


def disk_full(place: Path, why: str = "") -> HostError:
    """The error for a full disk at or below `place`."""
    return HostError(
        f"The disk that holds {place} is full.",
        why=why,
        remedy="Free space there, or set XDG_CACHE_HOME to a directory on a larger disk.",
    )


@contextmanager
def disk_full_is_host_error(place: Path) -> Iterator[None]:
    """Turn ENOSPC and EDQUOT (errno(3)) of a block into a HostError."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(place, str(error)) from error
        raise
