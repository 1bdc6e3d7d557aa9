"""Lay a live view out: as many lines as a terminal has, the most telling ones. No I/O."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

from learnflow_infra.cli.show import words
from learnflow_infra.cli.show.model import READY, Model, Work
from learnflow_infra.cli.show.rows import Columns, Line, Row, head, line
from learnflow_infra.events import ObjectSeen

BELOW = 6
"""Indentation of what a cause says, where that goes below its line."""
TELLING, OPEN, FOLDED_FIRST = range(3)


def lines(model: Model, now: float, width: int, height: int) -> list[Text]:
    """The view at `now` (seconds since 1970): at most `height` lines of `width` cells."""
    rows = {step: _rows(work, now) for step, work in model.steps.items()}
    every = [row for some in rows.values() for row in some]
    told = [row for row in every if row.rank == TELLING]
    if len(rows) + min(len(every), len(told) + len(rows)) > height:
        found = _flat(model, now, rows, (width, height))
    else:
        kept = _kept(rows, height)
        found = [
            drawn
            for (step, work), keep in zip(model.steps.items(), kept, strict=True)
            for drawn in _block(work, now, rows[step], keep, width)
        ]
    return list(_fitted(found, width, height - len(found)))


def _fitted(found: Sequence[Line], width: int, room: int) -> Iterator[Text]:
    """Cut what is too wide; what a cause says gets lines of its own as long as there is room."""
    for one in found:
        cut = one.head.cell_len + one.said.cell_len > width
        below = _wrapped(one.said, width)[:room] if cut and one.below else []
        room -= len(below)
        whole = one.head if below else one.head + one.said
        for text in (whole, *below):
            text.truncate(width, overflow="ellipsis")
            yield text


def _wrapped(said: Text, width: int) -> list[Text]:
    texts = textwrap.wrap(said.plain.strip(), max(width - BELOW, 1))
    return [Text(" " * BELOW + text, style=said.style) for text in texts]


def _rows(work: Work, now: float) -> list[Row]:
    """A row for each cause outside of the release, and for each object."""
    outside = [Row(rank=TELLING, depth=0, cause=cause) for cause in work.outside(now)]
    return outside + [_row(work, now, depth, seen) for depth, seen in work.tree()]


def _row(work: Work, now: float, depth: int, seen: ObjectSeen) -> Row:
    cause = work.cause(seen.object, now)
    unready = TELLING if cause else OPEN
    rank = FOLDED_FIRST if seen.state == READY else unready
    return Row(rank=rank, depth=depth, seen=seen, cause=cause)


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


def _block(work: Work, now: float, rows: list[Row], keep: set[int], width: int) -> Iterator[Line]:
    """A step's head, the rows kept, and how many are folded."""
    yield head(work, now)
    shown = [row for place, row in enumerate(rows) if place in keep]
    columns = Columns.of(shown, width)
    for row in shown:
        yield line(work, now, row, columns)
    folded = [row for place, row in enumerate(rows) if place not in keep]
    if folded:
        yield _more(folded)


def _more(folded: Sequence[Row]) -> Line:
    ready = sum(row.rank == FOLDED_FIRST for row in folded)
    return Line(head=Text(f"    … and {len(folded)} more, {ready} ready", style="dim"))


def _flat(
    model: Model, now: float, rows: dict[str, list[Row]], size: tuple[int, int]
) -> list[Line]:
    """Where not even the steps fit: causes first, each with its step's name, then steps."""
    width, height = size
    told = [(step, row) for step, some in rows.items() for row in some if row.rank == TELLING]
    columns = Columns.of([row for _, row in told], width)
    found = [
        line(model.steps[step], now, row, columns, f"{words.clean(model.steps[step].title)}: ")
        for step, row in told
    ]
    found += [head(work, now) for work in model.steps.values()]
    every = len(rows) + sum(map(len, rows.values()))
    if every > height > 1:
        found = found[: height - 1]
        found.append(Line(head=Text(f"… and {every - len(found)} more", style="dim")))
    return found[: max(height, 0)]
