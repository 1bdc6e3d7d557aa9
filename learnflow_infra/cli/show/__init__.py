"""Show a run on stderr: a live tree on a terminal, plain lines elsewhere, or JSON lines."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from learnflow_infra.cli.show.lines import Lines
from learnflow_infra.cli.show.plain import Plain
from learnflow_infra.cli.show.words import INTERRUPTED
from learnflow_infra.events import Emit

__all__ = ["INTERRUPTED", "renderer"]


@contextmanager
def renderer(*, progress: bool = False) -> Iterator[Emit]:
    """The emitter that suits stderr; it is closed at the end of the block.

    Args:
        progress: JSON lines, whatever stderr is; progress.schema.json describes them.
    """
    if progress:
        with Lines() as lines:
            yield lines
    elif _can_redraw():
        from learnflow_infra.cli.show.live import live

        with live() as emit:
            yield emit
    else:
        with Plain() as plain:
            yield plain


def _can_redraw() -> bool:
    """Whether stderr is a terminal that can redraw, without NO_COLOR (no-color.org)."""
    utf8 = "utf" in (sys.stderr.encoding or "").lower()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in {"dumb", "unknown"}
    return sys.stderr.isatty() and utf8 and not plain
