"""The terminal's live view, which leaves the screen while a question is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class View(Protocol):
    """What redraws a part of the terminal, such as rich's Live."""

    def start(self) -> None:
        """Begin to draw."""

    def stop(self) -> None:
        """Erase, and draw no more."""


_views: list[View] = []
"""The running view: at most one, as there is one terminal."""


@contextmanager
def drawn(view: View) -> Iterator[None]:
    """Draw a view until the end of the block."""
    view.start()
    _views.append(view)
    try:
        yield
    finally:
        _views.remove(view)
        view.stop()


@contextmanager
def without_view() -> Iterator[None]:
    """Erase the running view, if there is one, until the end of the block."""
    running = list(_views)
    for view in running:
        view.stop()
    try:
        yield
    finally:
        for view in running:
            view.start()
