"""Locks between processes, by flock(2): the kernel releases them when the process ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from learnflow_infra.system import files


@contextmanager
def hold(path: Path, busy: Callable[[], None] = lambda: None) -> Iterator[IO[str]]:
    """Hold a lock; yields its file, in which the holder may describe itself.

    The file is created if it is missing, and never removed: a process that waits for a removed
    file would not exclude others.

    Args:
        path: the lock's file.
        busy: called once if another process holds the lock, before this waits; it may raise
            instead.

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
