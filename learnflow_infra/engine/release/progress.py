"""Report a wait as events: each object's status and each cause when they change.

A reporter only emits; engine.release.wait acts on a snapshot.
"""

from collections.abc import Mapping

from learnflow_infra.events import (
    CauseGone,
    CauseSeen,
    Emit,
    ObjectGone,
    ObjectSeen,
    StepProgress,
)
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.tracker import Observation
from learnflow_infra.timestamps import seconds_of

StatusByUid = Mapping[str, tuple[Object, Status]]
_HIDDEN_OWNERS = {"ReplicaSet"}
"""Kinds that are left out between a pod and its owner, as in `kubectl`'s usual view."""


class ProgressReporter:
    """Emits what changed since the last observation of one step."""

    def __init__(self, emit: Emit, step: str) -> None:
        self._emit, self._step = emit, step
        self._reported: dict[str, ObjectSeen] = {}
        self._states: StatusByUid = {}
        self._summary = ""
        self._snapshot: Snapshot | None = None

    def __call__(self, observation: Observation) -> None:
        """Emit the changes since the last observation."""
        if observation.snapshot is not self._snapshot:
            self._snapshot = observation.snapshot
            self._report_objects(observation.snapshot)
        for cause in observation.healed:
            self._emit(CauseGone(step=self._step, code=cause.code, object=cause.object))
        for cause, grace in observation.new:
            self._emit(
                CauseSeen(
                    step=self._step,
                    code=cause.code,
                    object=cause.object,
                    message=cause.message,
                    grace=grace,
                )
            )

    def _report_objects(self, snapshot: Snapshot) -> None:
        """Compare only objects with a new status: a release may have many objects."""
        now = {obj["metadata"]["uid"]: (obj, status) for obj, status in snapshot.states}
        for uid, (obj, status) in now.items():
            before = self._states.get(uid)
            if before is None or before[1] is not status:
                self._report_object(obj, status, now)
        for uid in self._states.keys() - now.keys():
            name = reference(self._states[uid][0])
            if self._reported.pop(name, None):
                self._emit(ObjectGone(step=self._step, object=name))
        self._states = now
        summary = snapshot.summary()
        if summary != self._summary:
            self._summary = summary
            self._emit(StepProgress(step=self._step, done=0, note=summary))

    def _report_object(self, obj: Object, status: Status, states: StatusByUid) -> None:
        event = ObjectSeen(
            step=self._step,
            object=reference(obj),
            owner=_owner(obj, states),
            state=status.state,
            message=status.message,
            created=seconds_of(obj["metadata"].get("creationTimestamp")),
        )
        if obj["kind"] not in _HIDDEN_OWNERS and self._reported.get(event.object) != event:
            self._reported[event.object] = event
            self._emit(event)


def _owner(obj: Object, states: StatusByUid) -> str:
    """The object's owner in its release; "" where the release itself is the owner."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner["uid"] in states:
            above, _ = states[owner["uid"]]
            return _owner(above, states) if above["kind"] in _HIDDEN_OWNERS else reference(above)
    return ""
