"""The live view of a run on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from learnflow_infra.events import (
    Emit,
    Event,
    Message,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)


@contextmanager
def live() -> Iterator[Emit]:
    """A bar or a spinner for every step under way; steps that ended scroll away above."""
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

    def __init__(self, progress: Progress) -> None:
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
