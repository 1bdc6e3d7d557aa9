"""Wait until what a release had is gone, or until it is known what keeps it."""

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence

from learnflow_infra.errors import ClusterUnreachableError, LearnflowError, NotReadyError
from learnflow_infra.objects import Object
from learnflow_infra.readiness import causes
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.owned import Snapshot, reference
from learnflow_infra.readiness.patience import Patience
from learnflow_infra.readiness.tracker import GLANCE, TOGETHER, StoppedError, failure, remedy
from learnflow_infra.readiness.view import View

_KEEPERS = {"FinalizerStuck", "RightsMissing"}
"""Causes of what stays; whatever else troubles an object that goes, goes with it."""


def wait(
    view: View,
    *,
    goes: Callable[[Object], bool],
    seconds: float,
    stop: threading.Event,
) -> None:
    """Wait until nothing is left of a release that has to go.

    Args:
        view: of the release, watching what it had.
        goes: which of the release's objects have to go.
        seconds: how long it may take.
        stop: set when the run is being interrupted.

    Raises:
        LearnflowError: of the class of the cause: a finalizer has held something for longer
            than its grace, or this user may not see whether it goes.
        NotReadyError: something is left after `seconds`.
        ClusterUnreachableError: the API server was lost, and is not back after `seconds`.
        StoppedError: `stop` was set.
    """
    begun, patience = time.monotonic(), Patience(view.release.grace)
    while not stop.is_set():
        version, now = view.store.version, time.monotonic()
        left = _left(view.look(), goes)
        found = [c for c in causes.find(view.evidence(left)) if c.code in _KEEPERS]
        lost = view.store.in_state("lost")
        if not (left.states or found or lost):
            return
        patience.take(found, now)
        late, over = now - begun >= seconds, patience.over(now)
        if lost and late:
            raise ClusterUnreachableError(
                f"The API server was lost while {view.release.name} was being removed.",
                why="; ".join(sorted(set(lost.values()))),
            )
        if late or (over and not lost):
            raise _stays(view, left, found, seconds)
        view.store.wait(version, min(GLANCE, begun + seconds - now))
        time.sleep(TOGETHER)
    raise StoppedError


def _left(snapshot: Snapshot, goes: Callable[[Object], bool]) -> Snapshot:
    states = tuple((obj, status) for obj, status in snapshot.states if goes(obj))
    return dataclasses.replace(snapshot, states=states, missing=())


def _stays(view: View, left: Snapshot, found: Sequence[Cause], seconds: float) -> LearnflowError:
    release, explained = view.release, {cause.object for cause in found}
    top = found[0] if found else None
    made = causes.policy(top.code, release.grace).error if top else NotReadyError
    what = f": {top.code}" if top else f" within {seconds:.0f} s"
    others = [(reference(obj), status.message) for obj, status in left.states]
    why = "\n".join(f"{name}: {said}" for name, said in others if name not in explained)
    return failure(
        made,
        f"{release.name} is not gone{what}.",
        why=why,
        causes=found,
        remedy=remedy(top, release, view.namespace),
    )
