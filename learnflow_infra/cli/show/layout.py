"""Choose the lines of the live view that fit the terminal, causes first. No I/O."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

from learnflow_infra.cli.show import words
from learnflow_infra.cli.show.model import READY, Model, Work
from learnflow_infra.cli.show.rows import Columns, Line, Row, head, line
from learnflow_infra.events import ObjectSeen

BELOW = 6
"""Indentation of a cause's message below its line."""
WITH_CAUSE, NOT_READY, IS_READY = range(3)
"""Ranks of rows: the last is folded first."""


def lines(model: Model, now: float, width: int, height: int) -> list[Text]:
    """The view at `now` (seconds since 1970): at most `height` lines of `width` cells."""
    rows = {step: _rows(work, now) for step, work in model.steps.items()}
    every = [row for some in rows.values() for row in some]
    causes = [row for row in every if row.rank == WITH_CAUSE]
    if len(rows) + min(len(every), len(causes) + len(rows)) > height:
        chosen = _flat(model, now, rows, (width, height))
    else:
        kept = _kept(rows, height)
        chosen = [
            drawn
            for (step, work), keep in zip(model.steps.items(), kept, strict=True)
            for drawn in _block(work, now, rows[step], keep, width)
        ]
    return list(_fitted(chosen, width, height - len(chosen)))


def _fitted(chosen: Sequence[Line], width: int, room: int) -> Iterator[Text]:
    """Cut lines that are too wide; a cause's message is wrapped below while there is room."""
    for item in chosen:
        cut = item.head.cell_len + item.message.cell_len > width
        below = _wrapped(item.message, width)[:room] if cut and item.below else []
        room -= len(below)
        whole = item.head if below else item.head + item.message
        for text in (whole, *below):
            text.truncate(width, overflow="ellipsis")
            yield text


def _wrapped(message: Text, width: int) -> list[Text]:
    texts = textwrap.wrap(message.plain.strip(), max(width - BELOW, 1))
    return [Text(" " * BELOW + text, style=message.style) for text in texts]


def _rows(work: Work, now: float) -> list[Row]:
    """A row for each cause outside the release, and for each object."""
    outside = [Row(rank=WITH_CAUSE, depth=0, cause=cause) for cause in work.outside(now)]
    return outside + [_row(work, now, depth, obj) for depth, obj in work.tree()]


def _row(work: Work, now: float, depth: int, obj: ObjectSeen) -> Row:
    cause = work.cause(obj.object, now)
    unready = WITH_CAUSE if cause else NOT_READY
    rank = IS_READY if obj.state == READY else unready
    return Row(rank=rank, depth=depth, object=obj, cause=cause)


def _kept(rows: dict[str, list[Row]], height: int) -> list[set[int]]:
    """For each step the indexes of the rows to show, beside a head and a `more` line each."""
    every = [
        (row.rank, place, number)
        for number, some in enumerate(rows.values())
        for place, row in enumerate(some)
    ]
    room = height - len(rows)
    if len(every) > room:
        room -= len(rows)  # the line that counts each step's folded rows
    kept: list[set[int]] = [set() for _ in rows]
    for _rank, place, number in sorted(every)[:room]:
        kept[number].add(place)
    return kept


def _block(work: Work, now: float, rows: list[Row], keep: set[int], width: int) -> Iterator[Line]:
    """A step's head, the rows kept, and the count of those folded."""
    yield head(work, now)
    shown = [row for place, row in enumerate(rows) if place in keep]
    columns = Columns.of(shown, width)
    for row in shown:
        yield line(work, now, row, columns)
    folded = [row for place, row in enumerate(rows) if place not in keep]
    if folded:
        yield _more(folded)


def _more(folded: Sequence[Row]) -> Line:
    ready = sum(row.rank == IS_READY for row in folded)
    return Line(head=Text(f"    … and {len(folded)} more, {ready} ready", style="dim"))


def _flat(
    model: Model, now: float, rows: dict[str, list[Row]], size: tuple[int, int]
) -> list[Line]:
    """If not even the steps fit: causes with the names of their steps, then steps."""
    width, height = size
    causes = [(step, row) for step, some in rows.items() for row in some if row.rank == WITH_CAUSE]
    columns = Columns.of([row for _, row in causes], width)
    chosen = [
        line(model.steps[step], now, row, columns, f"{words.clean(model.steps[step].title)}: ")
        for step, row in causes
    ]
    chosen += [head(work, now) for work in model.steps.values()]
    every = len(rows) + sum(map(len, rows.values()))
    if every > height > 1:
        chosen = chosen[: height - 1]
        chosen.append(Line(head=Text(f"… and {every - len(chosen)} more", style="dim")))
    return chosen[: max(height, 0)]
