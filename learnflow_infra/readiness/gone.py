"""Wait until the objects of a release are removed, or until a cause blocks that."""

import dataclasses
import threading
from collections.abc import Callable, Sequence

from learnflow_infra.errors import LearnflowError, NotReadyError
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness import causes, failures
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.readiness.clock import SYSTEM, Clock
from learnflow_infra.readiness.failures import StoppedError
from learnflow_infra.readiness.grace import GracePeriods
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.tracker import POLL
from learnflow_infra.readiness.view import View

_BLOCKING = {Code.FinalizerStuck, Code.RightsMissing}
"""Causes that block the deletion of an object; other causes end with the object."""


def wait_until_gone(
    view: View,
    *,
    removed: Callable[[Object], bool],
    timeout: float,
    stop: threading.Event,
    clock: Clock = SYSTEM,
) -> None:
    """Wait until every object of a release that is to be removed is gone.

    Args:
        view: of the release, with the objects that it had.
        removed: whether an object is to be removed.
        timeout: seconds.
        stop: set when the run is being interrupted.
        clock: the time that passes meanwhile.

    Raises:
        LearnflowError: of the class of the cause: a finalizer has held an object for longer
            than its grace, or this user may not see whether it is gone.
        NotReadyError: something is left after the timeout.
        ClusterUnreachableError: the API server was lost, and is not back in time.
        StoppedError: `stop` was set.
    """
    end, periods = clock.now() + timeout, GracePeriods(view.release.grace)
    while not stop.is_set():
        version, now = view.store.version, clock.now()
        left = _left(view.snapshot(), removed)
        blocking = [c for c in causes.explain(view.evidence(left)) if c.code in _BLOCKING]
        lost = view.store.in_state("lost")
        if not (left.states or blocking or lost):
            return
        periods.update(blocking, now)
        if lost and now >= end:
            raise failures.unreachable(lost, f"{view.release.name} was being removed")
        if now >= end or (periods.expired(now) and not lost):
            raise _not_gone(view, left, blocking, timeout)
        clock.sleep(view.store, version, min(POLL, end - now))
    raise StoppedError


def _left(snapshot: Snapshot, removed: Callable[[Object], bool]) -> Snapshot:
    states = tuple((obj, status) for obj, status in snapshot.states if removed(obj))
    return dataclasses.replace(snapshot, states=states, missing=())


def _not_gone(
    view: View, left: Snapshot, blocking: Sequence[Cause], timeout: float
) -> LearnflowError:
    release, explained = view.release, {cause.object for cause in blocking}
    top = blocking[0] if blocking else None
    reason = f": {top.code}" if top else f" within {timeout:.0f} s"
    states = [(reference(obj), status.message) for obj, status in left.states]
    return failures.failure(
        causes.policy(top.code, release.grace).error if top else NotReadyError,
        f"{release.name} is not gone{reason}.",
        why="\n".join(f"{name}: {text}" for name, text in states if name not in explained),
        causes=blocking,
        remedy=failures.remedy(top, release, view.namespace),
    )
