"""The time of a wait; tests replace it with a clock that they move."""

import time

from learnflow_infra.readiness.store import Store

GATHER = 0.02
"""Seconds to wait after a change, so that changes in quick succession are handled at once."""


class Clock:
    """The system's monotonic time."""

    def now(self) -> float:
        """The time in seconds, from an arbitrary start."""
        return time.monotonic()

    def sleep(self, store: Store, version: int, seconds: float) -> None:
        """Sleep until the store has another version than `version`, at most for `seconds`."""
        store.wait(version, seconds)
        time.sleep(GATHER)


SYSTEM = Clock()
