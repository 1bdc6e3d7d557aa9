"""Listen to the events of a run: keep them for the report, and pass them on."""

import threading
import time
from collections.abc import Callable, Iterator
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
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.contracts import CauseReport, DeployReport, ObjectReport, StepReport
from learnflow_infra.remedy import Remedy, Words
from learnflow_infra.timestamps import utc

_PREPARATIONS = {"cluster", "host", "image", "images", "chart"}
"""Groups of steps that start the cluster and obtain what is deployed, but deploy nothing."""


class Recorder:
    """Keeps the timeline of steps and objects for the report, and passes events on.

    A step that starts again and changes nothing is not passed on again. `changed` is True
    once a step has changed something that is deployed, or has failed while it did. `text` writes
    the commands of errors.
    """

    def __init__(self, emit: Emit, text: Callable[[Words], str] = str) -> None:
        self._emit, self._text = emit, text
        self._started = time.time()
        self._steps: dict[str, StepReport] = {}
        self._objects: dict[tuple[str, str], ObjectReport] = {}
        self._restarted: dict[str, StepStarted] = {}
        self._report: DeployReport = {
            "apiVersion": outputs.API_VERSION,
            "kind": "DeployReport",
            "started": utc(self._started),
            "changed": False,
            "result": "done",
            "steps": [],
        }
        self._lock = threading.Lock()
        self.changed = False

    def __call__(self, event: Event) -> None:
        """Record an event and pass it on."""
        with self._lock:
            if not self._is_repeated(event):
                self._record(event)
                self._emit(event)

    def _is_repeated(self, event: Event) -> bool:
        """The start of a step that ran before is held back until something happens in it."""
        if isinstance(event, StepStarted) and event.step in self._steps:
            self._restarted[event.step] = event
            return True
        if isinstance(event, StepProgress | StepFinished | StepFailed):
            started = self._restarted.pop(event.step, None)
            if started and isinstance(event, StepFinished) and event.changed is False:
                return True
            if started:
                self._emit(started)
        return False

    def _record(self, event: Event) -> None:
        match event:
            case StepStarted():
                started: StepReport = {
                    "step": event.step,
                    "title": event.title,
                    "start": self._now(),
                }
                if event.needs:
                    started["needs"] = event.needs
                self._steps[event.step] = started
            case StepFinished() | StepFailed():
                step = self._steps.setdefault(event.step, {"step": event.step})
                step["end"], step["note"] = self._now(), event.note
                step["result"] = "failed" if isinstance(event, StepFailed) else "done"
            case ObjectSeen():
                self._object(event)
            case ObjectGone() if (event.step, event.object) in self._objects:
                self._objects[event.step, event.object]["gone"] = self._now()
        if isinstance(event, StepFinished | StepFailed) and event.changed:
            self.changed |= event.step.partition("/")[0] not in _PREPARATIONS

    def _object(self, event: ObjectSeen) -> None:
        new: ObjectReport = {"step": event.step, "object": event.object, "owner": event.owner}
        if event.created:
            new["created"] = round(event.created - self._started, 3)
        report = self._objects.setdefault((event.step, event.object), new)
        report.pop("gone", None)
        report.setdefault("states", []).append(
            {"at": self._now(), "state": event.state, "message": event.message}
        )

    def _now(self) -> float:
        return round(time.time() - self._started, 3)

    def failed(self, error: BaseException) -> None:
        """Record the error that ended the run, and its causes."""
        self._report["result"] = "failed"
        self._report["error"] = {"what": "Interrupted.", "exitCode": EXIT_INTERRUPTED}
        if isinstance(error, LearnflowError):
            self._report["error"] = {
                "what": error.what,
                "why": self._text(error.why),
                "remedy": self._text(error.remedy),
                "exitCode": error.exit_code,
            }
            self._report["causes"] = [self._with_step(cause) for cause in error.causes]
        elif isinstance(error, Exception):
            self._report["error"] = {"what": f"{type(error).__name__}: {error}", "exitCode": 1}

    def _with_step(self, cause: Any) -> CauseReport:
        steps = [step for step, name in self._objects if name == cause["object"]]
        remedy = {"remedy": self._text(Remedy.from_document(cause.get("remedy", "")))}
        report: CauseReport = cause | remedy | ({"step": steps[0]} if steps else {})
        return report

    def report(self) -> DeployReport:
        """deploy-report.json: seconds since `started` (UTC)."""
        return {
            **self._report,
            "seconds": self._now(),
            "changed": self.changed,
            "steps": list(self._steps.values()),
            "objects": list(self._objects.values()),
        }


@contextmanager
def recorded(recorder: Recorder, session: Session) -> Iterator[None]:
    """Write the report when the block ends, also after an error."""
    try:
        yield
    except BaseException as error:
        recorder.failed(error)
        raise
    finally:
        write_report(recorder, session)


def write_report(recorder: Recorder, session: Session, error: BaseException | None = None) -> None:
    """Write the report of the run so far, with the error that is about to end it."""
    if error:
        recorder.failed(error)
    folder = paths.phase_dir()
    context, namespace = session.target.context, session.namespace
    described = artifacts.written_for(folder) == (context, namespace)
    report = recorder.report()
    report["context"], report["namespace"] = context, namespace
    document = outputs.on_host(artifacts.endpoints(folder), session.target)
    report["endpoints"] = document["endpoints"] if described else []
    artifacts.write_report(folder, report)
