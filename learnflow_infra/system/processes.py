"""Start and end programs.

Every program gets this process's environment, and the variables that its caller adds.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from learnflow_infra.errors import HostError

Argv = Sequence[str | Path]
"""A program and its arguments; never secrets, since other users can read them."""
Process = subprocess.Popen[bytes]
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
GRACE = 3.0
"""Seconds that a program may take to end after SIGTERM, before SIGKILL."""
_KEPT = 2000
_running: set[Process] = set()


class ProgramError(HostError):
    """A program is missing, timed out (`code` is None for both), or failed.

    `stderr` are its last 2000 characters.
    """

    def __init__(
        self, what: str, *, why: str = "", code: int | None = None, stderr: str = ""
    ) -> None:
        super().__init__(what, why=why)
        self.code, self.stderr = code, stderr


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outputs and the exit code of a program; `late` if it timed out."""

    argv: Sequence[str]
    code: int
    out: bytes
    err: bytes
    late: bool = False

    @property
    def text(self) -> str:
        """Its standard output."""
        return self.out.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """The end of its standard error, stripped."""
        return self.err.decode("utf-8", "replace").strip()[-_KEPT:]

    def check(self) -> Self:
        """Return this result if the program succeeded.

        Raises:
            ProgramError: the exit code is not 0; with the end of its output.
        """
        if self.code == 0:
            return self
        output = self.stderr or self.text.strip()[-_KEPT:]
        raise ProgramError(
            f"{name(self.argv)} failed (exit {self.code}).",
            why=" ".join(self.argv) + "\n" + output,
            code=self.code,
            stderr=output,
        )


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's variables and `extra`, with the system's folders on PATH.

    None in `extra` removes a variable.
    The PATH of ordinary users often lacks the sbin folders, which contain `ip` and `nft`.
    """
    path = os.pathsep.join(filter(None, [os.environ.get("PATH"), SYSTEM_PATH]))
    variables = {**os.environ, "PATH": path, **(extra or {})}
    return {name: value for name, value in variables.items() if value is not None}


@contextmanager
def started(
    argv: Argv,
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.DEVNULL,
    stderr: int | None = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    fds: Sequence[int] = (),
) -> Iterator[Process]:
    """Start a program, and wait for its end; an error in the block ends it.

    Raises:
        ProgramError: it cannot be started.
    """
    words = [str(word) for word in argv]
    try:
        process = subprocess.Popen(
            words,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment(env),
            cwd=cwd,
            pass_fds=fds,
        )
    except OSError as error:
        raise not_started(words, error) from error
    with process:
        _running.add(process)
        try:
            yield process
        except BaseException:
            end(process)
            raise
        finally:
            _running.discard(process)


def end(process: Process) -> None:
    """Terminate a program; kill it after `GRACE` seconds.

    A child of sudo belongs to root and cannot be signalled; the terminal's Ctrl-C ends it.
    """
    with suppress(PermissionError):
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def ended_on_error() -> Iterator[None]:
    """End the programs of all threads if this block raises.

    Ctrl-C interrupts only the main thread, which would wait for programs of the others.
    """
    try:
        yield
    except BaseException:
        for process in tuple(_running):
            with suppress(PermissionError):
                process.terminate()
        raise


def not_started(words: Sequence[str], error: OSError) -> ProgramError:
    """The error for a program that cannot be started."""
    if isinstance(error, FileNotFoundError) and error.filename == words[0]:
        return ProgramError(f"The program {words[0]} is missing.")
    return ProgramError(f"{words[0]} cannot be started.", why=error.strerror or str(error))


def name(argv: Argv) -> str:
    """The program without its folder."""
    return Path(argv[0]).name
