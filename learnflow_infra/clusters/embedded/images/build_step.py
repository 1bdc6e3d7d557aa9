"""Running one of the builder's programs: its last lines on failure, a full disk told apart."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from learnflow_infra.errors import ArtifactError, HostError
from learnflow_infra.remedy import Command, Remedy

Note = Callable[[str], None]
"""Takes a line that says what is going on."""

_DISK_FULL = "No space left on device"
_KEPT_LINES = 15
_LAST_SECONDS = 3.0


def run(
    command: Sequence[str], *, what: str, note: Note, env: Mapping[str, str] | None = None
) -> None:
    """Run a program to its end, its output line by line to `note`.

    Args:
        command: program and arguments.
        what: a noun phrase for the error, such as "the Debian packages".
        note: called with every line of stdout and stderr.
        env: added to this process's environment.

    Raises:
        HostError: the program is missing, or the disk is full.
        ArtifactError: it failed; its last lines are the reason.
    """
    kept: list[str] = []
    try:
        with _started(command, env) as process:
            for line in process.stdout or ():
                text = line.rstrip()
                kept = [*kept, text][-_KEPT_LINES:]
                note(text)
    except FileNotFoundError as error:
        raise HostError(
            f"The program {command[0]} is missing.", remedy=Remedy(Command("doctor"))
        ) from error
    if process.returncode == 0:
        return
    said = "\n".join(kept)
    if _DISK_FULL in said:
        raise disk_full(Path(command[-1]), said)
    raise ArtifactError(
        f"{command[0]} could not make {what} (exit code {process.returncode}).",
        why=said,
        remedy="If that is a network failure, run the same command again: it continues.",
    )


@contextmanager
def _started(
    command: Sequence[str], env: Mapping[str, str] | None
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
    ) as process:
        try:
            yield process
        except BaseException:
            _end(process)
            raise


def _end(process: "subprocess.Popen[str]") -> None:
    """Let the program clean up, as mmdebstrap does; unshare must be killed, and takes its own."""
    process.terminate()
    try:
        process.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


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
