"""Plain lines, for logs and for terminals that cannot redraw."""

import sys
import threading
import time
from typing import Self

from learnflow_infra.cli.show import words
from learnflow_infra.events import (
    CauseGone,
    CauseSeen,
    Event,
    Message,
    ObjectGone,
    ObjectSeen,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)

INTERVAL = 15.0
"""Seconds between two lines about the same running step."""


class Plain:
    """Prints a line when a step takes long, when a cause lasts, and when a step ends."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._steps: dict[str, tuple[str, float]] = {}
        self._printed: dict[str, float] = {}
        self._causes: dict[tuple[str, str, str], threading.Timer] = {}
        self._waiting: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print the line of an event, if it has one."""
        with self._lock:
            self._show(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the causes that did not last long enough to be printed."""
        for timer in self._causes.values():
            timer.cancel()

    def _show(self, event: Event) -> None:
        match event:
            case StepStarted():
                now = time.monotonic()
                self._steps[event.step] = (event.title, now)
                self._printed[event.step] = now
            case StepProgress():
                self._print_progress(event.step, words.progress(event))
            case ObjectSeen():
                self._object(event)
            case ObjectGone():
                self._waiting.get(event.step, {}).pop(event.object, None)
                self._drop(event.step, event.object)
            case CauseGone():
                self._drop(event.step, event.object, event.code)
            case CauseSeen():
                self._cause(event)
            case StepFinished():
                self._drop(event.step)
                self._line("==" if event.changed is False else "ok", event.step, event.note)
            case StepFailed():
                self._drop(event.step)
                self._line("!!", event.step, event.note)
            case Message():
                print(event.text, file=sys.stderr, flush=True)  # noqa: T201

    def _object(self, event: ObjectSeen) -> None:
        """Remember an object that is not ready; print the newest, which is the deepest."""
        waiting = self._waiting.setdefault(event.step, {})
        waiting.pop(event.object, None)
        if event.state == "Current":
            self._drop(event.step, event.object)
            return
        waiting[event.object] = words.clean(f"{event.object} {event.state}: {event.message}")
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        self._print_progress(event.step, waiting[event.object] + more)

    def _cause(self, event: CauseSeen) -> None:
        """Print a cause once it has lasted, and only once: a cause that flaps is one cause."""
        key = (event.step, event.object, event.code)
        if key in self._causes:
            return
        self._causes[key] = threading.Timer(words.SETTLED, self._print_cause, (event,))
        self._causes[key].daemon = True
        if event.grace > 0:
            self._causes[key].start()
        else:
            self._line("??", event.step, words.cause(event))

    def _print_cause(self, event: CauseSeen) -> None:
        with self._lock:
            if (event.step, event.object, event.code) in self._causes:
                self._line("??", event.step, words.cause(event))

    def _drop(self, step: str, name: str | None = None, code: str | None = None) -> None:
        """Drop causes that are not printed yet: one, those of an object, or all of a step."""
        for key, timer in list(self._causes.items()):
            matches = key[0] == step and name in {None, key[1]} and code in {None, key[2]}
            if matches and timer.is_alive():
                timer.cancel()
                del self._causes[key]

    def _print_progress(self, step: str, note: str) -> None:
        now = time.monotonic()
        if now - self._printed.get(step, now) >= INTERVAL:
            self._line("..", step, note)

    def _line(self, mark: str, step: str, note: str) -> None:
        now = time.monotonic()
        title, begun = self._steps.get(step, (step, now))
        self._printed[step] = now
        text = f"{title}: {note}" if note else title
        stamp = f"[{now - self._begun:6.1f}s]"
        print(f"{stamp} {mark} {text} ({now - begun:.1f}s)", file=sys.stderr, flush=True)  # noqa: T201
