"""Lay a live view out: as many lines as a terminal has, the most telling ones. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from learnflow_infra.cli.show import words
from learnflow_infra.cli.show.model import READY, Model, Work
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
"""A name is not cut below these cells."""
TELLING, OPEN, FOLDED_FIRST = range(3)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line about an object of a step; rows of a higher rank are folded first."""

    rank: int
    depth: int
    seen: ObjectSeen | None = None
    cause: CauseSeen | None = None


def lines(model: Model, now: float, width: int, height: int) -> list[Text]:
    """The view at `now` (seconds since 1970): at most `height` lines of `width` cells."""
    rows = {step: _rows(work) for step, work in model.steps.items()}
    every = [row for some in rows.values() for row in some]
    told = [row for row in every if row.rank == TELLING]
    if len(rows) + min(len(every), len(told) + len(rows)) > height:
        found = _flat(model, now, rows, (width, height))
    else:
        kept = _kept(rows, height)
        found = [
            line
            for (step, work), keep in zip(model.steps.items(), kept, strict=True)
            for line in _block(work, now, rows[step], keep, width)
        ]
    for line in found:
        line.truncate(width, overflow="ellipsis")
    return found


def _rows(work: Work) -> list[Row]:
    """A row for each cause outside of the release, and for each object."""
    outside = [Row(rank=TELLING, depth=0, cause=cause) for cause in work.unseen()]
    return outside + [
        Row(rank=_rank(work, seen), depth=depth, seen=seen, cause=work.causes.get(seen.object))
        for depth, seen in work.tree()
    ]


def _rank(work: Work, seen: ObjectSeen) -> int:
    if seen.object in work.causes:
        return TELLING
    return FOLDED_FIRST if seen.state == READY else OPEN


def _kept(rows: dict[str, list[Row]], height: int) -> list[set[int]]:
    """For each step the places of the rows to show, when heads and what is folded need lines."""
    every = [
        (row.rank, place, number)
        for number, some in enumerate(rows.values())
        for place, row in enumerate(some)
    ]
    room = height - len(rows)
    if len(every) > room:
        room -= len(rows)  # for what each step has folded
    kept: list[set[int]] = [set() for _ in rows]
    for _rank, place, number in sorted(every)[:room]:
        kept[number].add(place)
    return kept


def _block(work: Work, now: float, rows: list[Row], keep: set[int], width: int) -> Iterable[Text]:
    """A step's head, the rows kept, and how many are folded."""
    yield _head(work, now)
    shown = [row for place, row in enumerate(rows) if place in keep]
    columns = Columns.of(shown, width)
    for row in shown:
        yield _line(work, now, row, columns)
    folded = [row for place, row in enumerate(rows) if place not in keep]
    if folded:
        yield _more(folded)


def _more(folded: Sequence[Row]) -> Text:
    ready = sum(row.rank == FOLDED_FIRST for row in folded)
    return Text(f"    … and {len(folded)} more, {ready} ready", style="dim")


def _flat(
    model: Model, now: float, rows: dict[str, list[Row]], size: tuple[int, int]
) -> list[Text]:
    """Where not even the steps fit: causes first, each with its step's name, then steps."""
    width, height = size
    told = [(step, row) for step, some in rows.items() for row in some if row.rank == TELLING]
    columns = Columns.of([row for _, row in told], width)
    found = [
        _line(model.steps[step], now, row, columns, f"{words.clean(model.steps[step].title)}: ")
        for step, row in told
    ]
    found += [_head(work, now) for work in model.steps.values()]
    every = len(rows) + sum(map(len, rows.values()))
    if every > height > 1:
        found = found[: height - 1]
        found.append(Text(f"… and {every - len(found)} more", style="dim"))
    return found[: max(height, 0)]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where names end, counted from the left, and the width of the statuses; in cells."""

    name: int
    status: int

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> "Columns":
        """As wide as the rows need; at most half of the line is the names'."""
        longest = max((_indent(row) + _full_name(row).cell_len for row in rows), default=0)
        status = max((len(_status(row)) for row in rows), default=0)
        return cls(name=min(longest, width // 2), status=status)


def _head(work: Work, now: float) -> Text:
    """A step: a spinner, its title, a bar when its total is known, its time, its note."""
    frame = FRAMES[int(now * FRAMES_PER_SECOND) % len(FRAMES)]
    line = Text.assemble((f"{frame} ", "cyan"), (words.clean(work.title), "bold"))
    if work.progress and work.progress.total:
        line.append(" ").append_text(_bar(work.progress))
    line.append(f"  {words.age(now - work.begun)}", style="dim")
    if work.progress:
        line.append(f"  {words.clean(words.progress(work.progress))}", style="dim")
    return line


def _bar(progress: StepProgress) -> Text:
    done = min(max(progress.done / (progress.total or 1), 0), 1)
    filled = round(done * BAR)
    return Text.assemble(("━" * filled, "green"), ("─" * (BAR - filled), "dim"))


def _line(work: Work, now: float, row: Row, columns: Columns, before: str = "") -> Text:
    """An object: its mark and name, status or cause, age, and what is said of it."""
    state = row.seen.state if row.seen else ""
    mark, colour = ("✗", "red") if row.cause else MARKS.get(state, BUSY)
    line = Text.assemble(" " * _indent(row), (mark, colour), f" {before}", _name(row, columns))
    line.append(f"  {_status(row):<{columns.status}}", style=colour)
    age = words.age(work.age(row.seen.object, now)) if row.seen else ""
    line.append(f"  {age:>5}", style="dim")
    said = row.cause or row.seen
    message = words.clean(said.message if said else "")
    return line.append(f"  {message}", style="red" if row.cause else "dim") if message else line


def _status(row: Row) -> str:
    """The code of its cause, else its status."""
    return row.cause.code if row.cause else words.clean(row.seen.state if row.seen else "")


def _indent(row: Row) -> int:
    return 2 + min(2 * row.depth, DEEPEST)


def _name(row: Row, columns: Columns) -> Text:
    """The object's name in the column that names end at; cut when it would not fit."""
    name = _full_name(row)
    room = max(columns.name - _indent(row), min(SHORTEST, name.cell_len))
    name.truncate(room, overflow="ellipsis", pad=True)
    return name


def _full_name(row: Row) -> Text:
    about = row.seen or row.cause
    return Text(words.clean(about.object) if about else "")
