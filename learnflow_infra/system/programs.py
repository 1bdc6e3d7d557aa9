"""Run programs: to their end, line by line, or in the background."""

import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from learnflow_infra.system.processes import (
    Argv,
    Process,
    ProgramError,
    Result,
    environment,
    name,
    started,
)

Input = str | bytes | Path | None
"""Standard input: text, bytes, a file, or none."""
SECONDS = 120.0
"""Default timeout."""
_TICK = 0.5
_KEPT_LINES = 20


def run(
    argv: Argv,
    *,
    stdin: Input = None,
    env: Mapping[str, str] | None = None,
    fds: Sequence[int] = (),
    seconds: float | None = SECONDS,
    tick: Callable[[], None] | None = None,
) -> Result:
    """Run a program to its end, with any exit code.

    Args:
        argv: the program and its arguments.
        stdin: its input.
        env: variables to add to this process's own.
        fds: file descriptors that it inherits.
        seconds: timeout.
        tick: called twice a second while it runs; it may raise to end the program.

    Raises:
        ProgramError: it cannot be started, or timed out.
    """
    words = [str(word) for word in argv]
    with (
        _opened(stdin) as source,
        started(words, stdin=source, stdout=subprocess.PIPE, env=env, fds=fds) as process,
    ):
        data = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = _communicate(process, data if isinstance(data, bytes) else None, seconds, tick)
    return Result(argv=words, code=process.returncode, out=out, err=err)


def output(
    argv: Argv,
    *,
    stdin: Input = None,
    env: Mapping[str, str] | None = None,
    fds: Sequence[int] = (),
    seconds: float | None = SECONDS,
) -> str:
    """The standard output of a program that must succeed; see `run`.

    Raises:
        ProgramError: it cannot be started, failed or timed out.
    """
    return run(argv, stdin=stdin, env=env, fds=fds, seconds=seconds).check().text


def succeeds(argv: Argv) -> bool:
    """Whether a program exists and exits 0; its output is dropped."""
    try:
        return run(argv).code == 0
    except ProgramError:
        return False


def lines(
    argv: Argv,
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    own_stderr: bool = False,
) -> Generator[str, None, None]:
    """Run a program and yield the lines of its output as they come.

    Args:
        argv: the program and its arguments.
        stdin: its input.
        env: variables to add to this process's own.
        cwd: its working folder.
        own_stderr: it inherits this process's stderr, on which sudo asks for a password. Else
            the lines include its stderr.

    Raises:
        ProgramError: it cannot be started or failed; with its last lines.
    """
    tail: list[str] = []
    with started(
        argv,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if own_stderr else subprocess.STDOUT,
        env=env,
        cwd=cwd,
    ) as process:
        if stdin is not None and process.stdin:
            with suppress(BrokenPipeError), process.stdin:  # it ended before it read
                process.stdin.write(stdin.encode())
        for line in process.stdout or ():
            text = line.decode("utf-8", "replace").rstrip()
            tail = [*tail, text][-_KEPT_LINES:]
            yield text
    if process.returncode != 0:
        words = "" if own_stderr else "\n".join(tail)
        what = f"{name(argv)} failed (exit {process.returncode})."
        raise ProgramError(what, why=words, code=process.returncode, stderr=words)


def detached(argv: Argv, log: Path, *, stdin: int = subprocess.DEVNULL) -> int:
    """Start a program in a new session, so that it outlives this process; return its pid.

    Args:
        argv: the program and its arguments.
        log: gets its output.
        stdin: a descriptor that it reads.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=environment(),
            stdin=stdin,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd="/",
        )
    process.returncode = 0  # without this Python warns that it still runs
    return process.pid


@contextmanager
def _opened(stdin: Input) -> Iterator[int | IO[bytes]]:
    if isinstance(stdin, Path):
        with stdin.open("rb") as file:
            yield file
    else:
        yield subprocess.DEVNULL if stdin is None else subprocess.PIPE


def _communicate(
    process: Process,
    data: bytes | None,
    seconds: float | None,
    tick: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            return process.communicate(data, min(_TICK, left or _TICK) if tick else left)
        except subprocess.TimeoutExpired as error:
            data = None  # communicate() continues to write it
            if deadline is not None and time.monotonic() >= deadline:
                what = f"{name(error.cmd)} took more than {seconds:.0f} s."
                raise ProgramError(what, why=" ".join(error.cmd)) from None
            if tick:
                tick()
