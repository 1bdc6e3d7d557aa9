"""Draw one line of the live view: a step, or an object with its message. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from learnflow_infra import timestamps
from learnflow_infra.cli.show import words
from learnflow_infra.cli.show.model import READY, Work
from learnflow_infra.events import CauseSeen, ObjectSeen, StepProgress

MARKS = {
    READY: ("✓", "green"),
    "Failed": ("✗", "red"),
    "Terminating": ("-", "yellow"),
    "NotFound": ("?", "yellow"),
}
BUSY = ("•", "cyan")
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 4
BAR = 20
"""Width of a step's bar, in cells."""
DEEPEST = 8
"""Longest indentation, in cells."""
SHORTEST = 12
"""Cells that remain of a name that is cut."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line about an object or cause of a step; rows of a higher rank are folded first."""

    rank: int
    depth: int
    object: ObjectSeen | None = None
    cause: CauseSeen | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line's head (mark, name, status) and message; the message may be moved below the head."""

    head: Text
    message: Text = field(default_factory=Text)
    below: bool = False


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The column where names end, and the width of statuses; in cells."""

    name: int
    status: int

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> "Columns":
        """As wide as the rows need; names get at most half of the line."""
        longest = max((_indent(row) + _full_name(row).cell_len for row in rows), default=0)
        status = max((len(_status(row)) for row in rows), default=0)
        return cls(name=min(longest, width // 2), status=status)


def head(work: Work, now: float) -> Line:
    """A step: spinner, title, bar if its total is known, running time and note."""
    frame = FRAMES[int(now * FRAMES_PER_SECOND) % len(FRAMES)]
    drawn = Text.assemble((f"{frame} ", "cyan"), (words.clean(work.title), "bold"))
    if work.progress and work.progress.total:
        drawn.append(" ").append_text(_bar(work.progress))
    drawn.append(f"  {timestamps.age(now - work.begun)}", style="dim")
    note = words.clean(words.progress(work.progress)) if work.progress else ""
    return Line(head=drawn, message=Text(f"  {note}", style="dim"))


def _bar(progress: StepProgress) -> Text:
    done = min(max(progress.done / (progress.total or 1), 0), 1)
    filled = round(done * BAR)
    return Text.assemble(("━" * filled, "green"), ("─" * (BAR - filled), "dim"))


def line(work: Work, now: float, row: Row, columns: Columns, before: str = "") -> Line:
    """An object: mark, name, status or cause, age and message."""
    state = row.object.state if row.object else ""
    mark, colour = ("✗", "red") if row.cause else MARKS.get(state, BUSY)
    drawn = Text.assemble(" " * _indent(row), (mark, colour), f" {before}", _name(row, columns))
    drawn.append(f"  {_status(row):<{columns.status}}", style=colour)
    age = timestamps.age(work.age(row.object.object, now)) if row.object else ""
    drawn.append(f"  {age:>5}", style="dim")
    source = row.cause or row.object
    message = Text(f"  {words.clean(source.message if source else '')}")
    message.style = "red" if row.cause else "dim"
    return Line(head=drawn, message=message, below=bool(row.cause))


def _status(row: Row) -> str:
    """The code of the cause, or else the status of the object."""
    return row.cause.code if row.cause else words.clean(row.object.state if row.object else "")


def _indent(row: Row) -> int:
    return 2 + min(2 * row.depth, DEEPEST)


def _name(row: Row, columns: Columns) -> Text:
    """The object's name, padded to its column; cut if it does not fit."""
    name = _full_name(row)
    room = max(columns.name - _indent(row), min(SHORTEST, name.cell_len))
    name.truncate(room, overflow="ellipsis", pad=True)
    return name


def _full_name(row: Row) -> Text:
    source = row.object or row.cause
    return Text(words.clean(source.object) if source else "")
