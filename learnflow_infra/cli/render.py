"""Show a run on stderr: a live view on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from learnflow_infra.events import (
    Emit,
    Event,
    Message,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY = 15.0
"""Seconds between two plain lines about the same step's progress."""


@contextmanager
def renderer() -> Iterator[Emit]:
    """The emitter that suits stderr, closed at the end of the block."""
    if sys.stderr.isatty():
        with _live() as emit:
            yield emit
    else:
        yield Plain()


class Plain:
    """A line when a step begins to take long, and one when it ends; with elapsed seconds."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._steps: dict[str, tuple[str, float]] = {}
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print what the event tells."""
        with self._lock:
            self._show(event)

    def _show(self, event: Event) -> None:
        now = time.monotonic()
        match event:
            case StepStarted():
                self._steps[event.step] = (event.title, now)
                self._said[event.step] = now
            case StepProgress():
                if now - self._said.get(event.step, now) >= EVERY:
                    self._said[event.step] = now
                    self._line("..", event.step, _progress_text(event))
            case StepFinished():
                self._line("==" if event.changed is False else "ok", event.step, event.note)
            case StepFailed():
                self._line("!!", event.step, event.note)
            case Message():
                print(event.text, file=sys.stderr, flush=True)  # noqa: T201

    def _line(self, mark: str, step: str, note: str) -> None:
        title, begun = self._steps.get(step, (step, time.monotonic()))
        now = time.monotonic()
        text = f"{title}: {note}" if note else title
        stamp = f"[{now - self._begun:6.1f}s]"
        print(f"{stamp} {mark} {text} ({now - begun:.1f}s)", file=sys.stderr, flush=True)  # noqa: T201


def _progress_text(event: StepProgress) -> str:
    if event.total:
        return f"{event.done / event.total:.0%} {event.note}".strip()
    return event.note


@contextmanager
def _live() -> Iterator[Emit]:
    """A bar or a spinner for every step under way; steps that ended scroll away above."""
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Live(progress)


class Live:
    """Feeds a rich Progress; a task's total stays unknown until an event names it."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, tuple[TaskID, str, float]] = {}

    def __call__(self, event: Event) -> None:
        """Update the view by an event; rich takes its own lock."""
        match event:
            case StepStarted():
                task = self._progress.add_task(event.title, total=None, note="")
                self._tasks[event.step] = (task, event.title, time.monotonic())
            case StepProgress():
                self._progress.update(
                    self._tasks[event.step][0],
                    completed=event.done,
                    total=event.total,
                    note=event.note,
                )
            case StepFinished():
                self._end(
                    event.step, "[dim]=[/]" if event.changed is False else "[green]✓[/]", event.note
                )
            case StepFailed():
                self._end(event.step, "[red]✗[/]", event.note)
            case Message():
                self._progress.console.print(event.text, markup=False, highlight=False)

    def _end(self, step: str, mark: str, note: str) -> None:
        task, title, begun = self._tasks.pop(step)
        self._progress.remove_task(task)
        tail = f"  [dim]{escape(note)}[/]" if note else ""
        seconds = f"[dim]{time.monotonic() - begun:6.1f}s[/]"
        self._progress.console.print(f"{mark} {seconds} {escape(title)}{tail}", highlight=False)
