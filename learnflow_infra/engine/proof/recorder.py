"""What a run tells, kept for its report while it is passed on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from learnflow_infra import paths
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import (
    Emit,
    Event,
    ObjectGone,
    ObjectSeen,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)
from learnflow_infra.models import Document
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs


class Recorder:
    """Passes events on, and keeps the timeline of steps and objects for the report.

    A step that is looked at again and found as it should be is not told twice.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._started = time.time()
        self._steps: dict[str, dict[str, Any]] = {}
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._again: dict[str, StepStarted] = {}
        self._end: dict[str, Any] = {"result": "done"}
        self._lock = threading.Lock()
        self.changed = False

    def __call__(self, event: Event) -> None:
        """Record an event and pass it on."""
        with self._lock:
            if not self._told_before(event):
                self._record(event)
                self._emit(event)

    def _told_before(self, event: Event) -> bool:
        """A step that began anew is told of once something is done in it."""
        if isinstance(event, StepStarted) and event.step in self._steps:
            self._again[event.step] = event
            return True
        if isinstance(event, StepProgress | StepFinished | StepFailed):
            started = self._again.pop(event.step, None)
            if started and isinstance(event, StepFinished) and event.changed is False:
                return True
            if started:
                self._emit(started)
        return False

    def _record(self, event: Event) -> None:
        match event:
            case StepStarted():
                begun = {"step": event.step, "title": event.title, "start": self._now()}
                self._steps[event.step] = begun | ({"needs": event.needs} if event.needs else {})
            case StepFinished() | StepFailed():
                result = "failed" if isinstance(event, StepFailed) else "done"
                end = {"end": self._now(), "result": result, "note": event.note}
                self._steps.setdefault(event.step, {"step": event.step}).update(end)
            case ObjectSeen():
                self._object(event)
            case ObjectGone() if (event.step, event.object) in self._objects:
                self._objects[event.step, event.object]["gone"] = self._now()
        if isinstance(event, StepFinished) and event.changed:
            self.changed = True

    def _object(self, event: ObjectSeen) -> None:
        new: dict[str, Any] = {"step": event.step, "object": event.object, "owner": event.owner}
        if event.created:
            new["created"] = round(event.created - self._started, 3)
        known = self._objects.setdefault((event.step, event.object), new)
        known.pop("gone", None)
        known.setdefault("states", []).append(
            {"at": self._now(), "state": event.state, "message": event.message}
        )

    def _now(self) -> float:
        return round(time.time() - self._started, 3)

    def failed(self, error: BaseException) -> None:
        """Record how the run ended, and the causes that the error carries."""
        told = {"what": "Interrupted.", "exitCode": EXIT_INTERRUPTED}
        if isinstance(error, LearnflowError):
            parts = {"what": error.what, "why": str(error.why), "remedy": str(error.remedy)}
            told = {**parts, "exitCode": error.exit_code}
            self._end["causes"] = [self._placed(dict(cause)) for cause in error.causes]
        elif isinstance(error, Exception):
            told = {"what": f"{type(error).__name__}: {error}", "exitCode": 1}
        self._end |= {"result": "failed", "error": told}

    def _placed(self, cause: Document) -> Document:
        steps = [step for step, name in self._objects if name == cause["object"]]
        return {**cause, "step": steps[0]} if steps else cause

    def report(self) -> Document:
        """deploy-report.json: seconds since `started` (UTC)."""
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started))
        return {
            "apiVersion": outputs.API_VERSION,
            "kind": "DeployReport",
            "started": started,
            "seconds": self._now(),
            "changed": self.changed,
            **self._end,
            "steps": list(self._steps.values()),
            "objects": list(self._objects.values()),
        }


@contextmanager
def recorded(recorder: Recorder, session: Session) -> Iterator[None]:
    """Write the report of what is done in the block, whether it succeeds or not."""
    try:
        yield
    except BaseException as error:
        recorder.failed(error)
        raise
    finally:
        folder = paths.phase_dir()
        where = {"context": session.target.context, "namespace": session.namespace}
        here = artifacts.written_for(folder) == (session.target.context, session.namespace)
        known = artifacts.endpoints(folder)["endpoints"] if here else []
        artifacts.write_report(folder, {**recorder.report(), **where, "endpoints": known})
