"""Plain lines, for logs and for terminals that cannot redraw."""

import sys
import threading
import time

from learnflow_infra.cli.show import words
from learnflow_infra.events import (
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

EVERY = 15.0
"""Seconds between two lines about the same step under way."""


class Plain:
    """A line when a step takes long, when a cause is seen, and when a step ends."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._steps: dict[str, tuple[str, float]] = {}
        self._said: dict[str, float] = {}
        self._causes: set[tuple[str, str, str]] = set()
        self._waiting: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print what the event tells."""
        with self._lock:
            self._show(event)

    def _show(self, event: Event) -> None:
        match event:
            case StepStarted():
                now = time.monotonic()
                self._steps[event.step] = (event.title, now)
                self._said[event.step] = now
            case StepProgress():
                self._sometimes(event.step, words.progress(event))
            case ObjectSeen():
                self._seen(event)
            case ObjectGone():
                self._waiting.get(event.step, {}).pop(event.object, None)
            case CauseSeen():
                self._cause(event)
            case StepFinished():
                self._line("==" if event.changed is False else "ok", event.step, event.note)
            case StepFailed():
                self._line("!!", event.step, event.note)
            case Message():
                print(event.text, file=sys.stderr, flush=True)  # noqa: T201

    def _seen(self, event: ObjectSeen) -> None:
        """Remember what is waited for; tell the last one seen, which is the deepest."""
        waiting = self._waiting.setdefault(event.step, {})
        waiting.pop(event.object, None)
        if event.state == "Current":
            return
        waiting[event.object] = words.clean(f"{event.object} {event.state}: {event.message}")
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        self._sometimes(event.step, waiting[event.object] + more)

    def _cause(self, event: CauseSeen) -> None:
        """A cause at once, but each only once: what flaps is one cause."""
        told = (event.step, event.code, event.object)
        if told not in self._causes:
            self._causes.add(told)
            self._line("??", event.step, words.cause(event))

    def _sometimes(self, step: str, note: str) -> None:
        now = time.monotonic()
        if now - self._said.get(step, now) >= EVERY:
            self._line("..", step, note)

    def _line(self, mark: str, step: str, note: str) -> None:
        now = time.monotonic()
        title, begun = self._steps.get(step, (step, now))
        self._said[step] = now
        text = f"{title}: {note}" if note else title
        stamp = f"[{now - self._begun:6.1f}s]"
        print(f"{stamp} {mark} {text} ({now - begun:.1f}s)", file=sys.stderr, flush=True)  # noqa: T201
