"""Tell what a wait sees as events: each object's status when it changes, each new cause."""

from learnflow_infra.engine.session import Session
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
from learnflow_infra.readiness.stuck import stuck_pods
from learnflow_infra.readiness.tracker import Seen
from learnflow_infra.timestamps import seconds_of

_BETWEEN = {"ReplicaSet"}
"""Kinds that are left out between a pod and what it belongs to, as kubectl's users think."""


class Teller:
    """Remembers what was told of one step, and tells what is new."""

    def __init__(self, emit: Emit, step: str) -> None:
        self._emit, self._step = emit, step
        self._told: dict[str, ObjectSeen] = {}
        self._summary = ""

    def __call__(self, seen: Seen) -> None:
        """Tell what is new in what was seen."""
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
        summary = seen.snapshot.summary()
        if summary != self._summary:
            self._summary = summary
            self._emit(StepProgress(step=self._step, done=0, note=summary))

    def _objects(self, snapshot: Snapshot) -> None:
        by_uid = {obj["metadata"]["uid"]: obj for obj in snapshot.objects}
        now = {
            reference(obj): ObjectSeen(
                step=self._step,
                object=reference(obj),
                owner=_owner(obj, by_uid),
                state=status.state,
                message=status.message,
                created=seconds_of(obj["metadata"].get("creationTimestamp")),
            )
            for obj, status in snapshot.states
            if obj["kind"] not in _BETWEEN
        }
        for name, event in now.items():
            if self._told.get(name) != event:
                self._emit(event)
        for name in self._told.keys() - now.keys():
            self._emit(ObjectGone(step=self._step, object=name))
        self._told = now


def _owner(obj: Document, by_uid: dict[str, Document]) -> str:
    """What an object hangs under in its release; "" where that is the release itself."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        above = by_uid.get(owner["uid"])
        if above:
            return _owner(above, by_uid) if above["kind"] in _BETWEEN else reference(above)
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
