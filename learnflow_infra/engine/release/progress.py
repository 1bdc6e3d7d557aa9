"""Tell what a wait sees as events: each object's status when it changes, each new cause."""

from collections.abc import Mapping

from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import (
    CauseGone,
    CauseSeen,
    Emit,
    Message,
    ObjectGone,
    ObjectSeen,
    StepProgress,
)
from learnflow_infra.models import Document, Release
from learnflow_infra.readiness.owned import Snapshot, reference
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.stuck import stuck_pods
from learnflow_infra.readiness.tracker import Seen
from learnflow_infra.timestamps import seconds_of

Judged = Mapping[str, tuple[Document, Status]]
_BETWEEN = {"ReplicaSet"}
"""Kinds that are left out between a pod and what it belongs to, as kubectl's users think."""


class Teller:
    """Remembers what was told of one step, and tells what is new."""

    def __init__(self, emit: Emit, step: str) -> None:
        self._emit, self._step = emit, step
        self._told: dict[str, ObjectSeen] = {}
        self._judged: Judged = {}
        self._summary = ""
        self._snapshot: Snapshot | None = None

    def __call__(self, seen: Seen) -> None:
        """Tell what is new in what was seen."""
        if seen.snapshot is not self._snapshot:
            self._snapshot = seen.snapshot
            self._objects(seen.snapshot)
        for cause in seen.gone:
            self._emit(CauseGone(step=self._step, code=cause.code, object=cause.object))
        for cause, grace in seen.new:
            self._emit(
                CauseSeen(
                    step=self._step,
                    code=cause.code,
                    object=cause.object,
                    message=cause.message,
                    grace=grace,
                )
            )

    def _objects(self, snapshot: Snapshot) -> None:
        """Only what is another object or status than before is looked at: there may be many."""
        now = {obj["metadata"]["uid"]: (obj, status) for obj, status in snapshot.states}
        for uid, (obj, status) in now.items():
            before = self._judged.get(uid)
            if before is None or before[1] is not status:
                self._object(obj, status, now)
        for uid in self._judged.keys() - now.keys():
            name = reference(self._judged[uid][0])
            if self._told.pop(name, None):
                self._emit(ObjectGone(step=self._step, object=name))
        self._judged = now
        summary = snapshot.summary()
        if summary != self._summary:
            self._summary = summary
            self._emit(StepProgress(step=self._step, done=0, note=summary))

    def _object(self, obj: Document, status: Status, around: Judged) -> None:
        event = ObjectSeen(
            step=self._step,
            object=reference(obj),
            owner=_owner(obj, around),
            state=status.state,
            message=status.message,
            created=seconds_of(obj["metadata"].get("creationTimestamp")),
        )
        if obj["kind"] not in _BETWEEN and self._told.get(event.object) != event:
            self._told[event.object] = event
            self._emit(event)


def _owner(obj: Document, around: Judged) -> str:
    """What an object hangs under in its release; "" where that is the release itself."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner["uid"] in around:
            above, _ = around[owner["uid"]]
            return _owner(above, around) if above["kind"] in _BETWEEN else reference(above)
    return ""


class Watcher:
    """Tells what a wait sees, and replaces pods that an earlier attempt left stuck."""

    def __init__(self, session: Session, release: Release) -> None:
        self._session = session
        self._tell = Teller(session.emit, f"release/{release.name}")
        self._replaced: set[str] = set()

    def __call__(self, seen: Seen) -> None:
        """Tell, and replace what is stuck."""
        self._tell(seen)
        for pod in stuck_pods(seen.snapshot.objects):
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            if uid not in self._replaced:
                self._replaced.add(uid)
                self._session.emit(
                    Message(text=f"     replacing Pod/{name}, stuck in an old revision")
                )
                self._session.kube.delete(
                    f"/api/v1/namespaces/{self._session.namespace}/pods/{name}", uid=uid
                )
