"""Calls of other programs: the only module of the embedded cluster that starts any."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from learnflow_infra.errors import HostError

Argv = Sequence[str | Path]
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_children: set[subprocess.Popen[str]] = set()


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's variables and `extra`, with a PATH that has the system's folders too.

    An ordinary user's PATH often lacks the sbin folders, where `ip` and `nft` are.
    """
    path = os.pathsep.join(filter(None, [os.environ.get("PATH"), SYSTEM_PATH]))
    return {**os.environ, "PATH": path, **(extra or {})}


@contextmanager
def ended_on_error() -> Iterator[None]:
    """End the programs whose lines other threads read, when this block is left by an error.

    A Ctrl-C reaches only the main thread: without this it would wait for a build.
    """
    try:
        yield
    except BaseException:
        for child in tuple(_children):
            child.terminate()
        raise


def output(
    argv: Argv,
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    fds: Sequence[int] = (),
    timeout: float | None = 120,
) -> str:
    """Run a program and return its standard output.

    Args:
        argv: the program and its arguments; never a secret.
        stdin: text for its standard input.
        env: variables to add to this process's own.
        fds: file descriptors that it inherits.
        timeout: seconds until it is killed.

    Raises:
        HostError: it is missing, failed or took too long; `why` holds its standard error.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            env=environment(env),
            pass_fds=fds,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise HostError(f"The program {words[0]} is missing.") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{words[0]} took more than {timeout} s.", why=" ".join(words)) from error
    if done.returncode != 0:
        raise HostError(
            f"{Path(words[0]).name} failed (exit {done.returncode}).",
            why=" ".join(words) + "\n" + (done.stderr or done.stdout).strip()[-2000:],
        )
    return done.stdout


def succeeds(argv: Argv, *, fds: Sequence[int] = ()) -> bool:
    """Tell whether a program exits 0; what it prints is dropped."""
    try:
        output(argv, fds=fds)
    except HostError:
        return False
    return True


def lines(
    argv: Argv, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[str]:
    """Run a program and yield what it prints (both streams), line by line, as it comes.

    Raises:
        HostError: it failed; `why` holds its last lines.
    """
    words = [str(word) for word in argv]
    tail: list[str] = []
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(env),
        cwd=cwd,
        text=True,
        errors="replace",
    ) as child:
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        _children.add(child)
        try:
            for line in child.stdout:
                tail = [*tail[-19:], line.rstrip()]
                yield tail[-1]
        except BaseException:
            child.terminate()
            raise
        finally:
            _children.discard(child)
    if child.returncode != 0:
        raise HostError(
            f"{Path(words[0]).name} failed (exit {child.returncode}).", why="\n".join(tail)
        )


def detached(argv: Argv, log: Path) -> int:
    """Start a program in a session of its own that outlives this process; return its pid."""
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [str(word) for word in argv],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd="/",
        )
    child.returncode = 0  # not ours to wait for: silences the warning of a child left running
    return child.pid


def imported(argv: Argv, source: Path, timeout: float = 600) -> None:
    """Run a program with a file as its standard input.

    Raises:
        HostError: it failed.
    """
    with source.open("rb") as stream:
        done = subprocess.run(
            [str(word) for word in argv],
            env=environment(),
            stdin=stream,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip()[-2000:]
        raise HostError(f"{argv[0]} could not read {source.name}.", why=why)


def streamed(argv: Argv, *, stdin: str) -> Iterator[str]:
    """Run a program with this text as its stdin, and yield its stdout by lines."""
    words = [str(word) for word in argv]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None  # noqa: S101 - PIPE was asked for
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        with suppress(BrokenPipeError), child.stdin:  # sudo may refuse before it reads
            child.stdin.write(stdin)
        yield from child.stdout
    if child.returncode != 0:
        raise HostError(f"{Path(words[0]).name} failed (exit {child.returncode}).")
