"""Locks between processes, by flock(2): the kernel releases them when their holder ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from learnflow_infra.system import files


def _wait() -> None:
    """Wait for the other process, and report nothing."""


@contextmanager
def hold(path: Path, busy: Callable[[], None] = _wait) -> Iterator[IO[str]]:
    """Hold a lock; yields its file, in which the holder may describe itself.

    The file is made as needed and stays: a process that waits for a removed file would not
    be alone with it.

    Args:
        path: the lock's file.
        busy: called once when another process holds the lock. To give up it raises; else
            this waits.

    Raises:
        FoundationError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise files.unwritable(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
