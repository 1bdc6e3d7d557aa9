"""JSON lines for programs: each event is one object, as progress.schema.json describes."""

import json
import math
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from learnflow_infra.cli.show.commands import completed
from learnflow_infra.cli.show.words import INTERRUPTED
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Event
from learnflow_infra.models import Document
from learnflow_infra.remedy import Remedy

API_VERSION = "learnflow.infra/v1"


class Lines:
    """Writes each event as it arrives; an error that ends the run is the last line."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head: Document = {"apiVersion": API_VERSION}

    def __call__(self, event: Event) -> None:
        """Print an event."""
        self._print(document(event))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """Print the error, if one ends the run."""
        if isinstance(error, LearnflowError):
            self._print(failure(error))
        elif isinstance(error, KeyboardInterrupt):
            self._print({"event": "error", "what": INTERRUPTED, "exitCode": EXIT_INTERRUPTED})

    def _print(self, content: Document) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._lock:
            line = json.dumps({**self._head, "time": now, **content}, allow_nan=False)
            self._head = {}
            print(line, file=sys.stderr, flush=True)  # noqa: T201


def document(event: Event) -> Document:
    """An event's name (`StepStarted` is `step-started`) and its fields."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(event).__name__).lower()
    return {"event": name} | {key: _json(value) for key, value in vars(event).items()}


def failure(error: LearnflowError) -> Document:
    """The error that ends a run, as the event `error`."""
    return {
        "event": "error",
        "what": error.what,
        "why": str(completed(Remedy(error.why))),
        "remedy": str(completed(Remedy(error.remedy))),
        "exitCode": error.exit_code,
    }


def _json(value: object) -> object:
    """A value of an event as JSON; infinity, the grace of some causes, becomes null."""
    return None if isinstance(value, float) and math.isinf(value) else value
