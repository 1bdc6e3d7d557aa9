"""The embedded clusters' locks, shared by all runs that use one cache."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO

from learnflow_infra.paths import cache_dir
from learnflow_infra.system import locks


def lock(name: str, waiting: Callable[[], None] = lambda: None) -> AbstractContextManager[IO[str]]:
    """Hold the lock `name`; `waiting` is called once when another process holds it."""
    return locks.hold(cache_dir() / "locks" / name, waiting)
