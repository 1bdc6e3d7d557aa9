"""Wait until all objects of a release are ready, or until the grace of a cause is over.

A wait observes each change of the watched objects: it reports the observation, ends when the
release is ready, and fails when the grace of a cause or the timeout is over. `search` finds
the causes, and the clock gives the time.
"""

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.readiness import failures, settle
from learnflow_infra.readiness.causes import NEVER, Cause, Code
from learnflow_infra.readiness.clock import SYSTEM, Clock
from learnflow_infra.readiness.failures import StoppedError
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.search import CauseSearch
from learnflow_infra.readiness.view import View

POLL = 0.5
"""Seconds after which a wait checks whether it was stopped, though nothing changed."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A release at one moment, and the causes to report: `new` with the seconds of grace left."""

    snapshot: Snapshot
    new: Sequence[tuple[Cause, float]] = ()
    healed: Sequence[Cause] = ()


Observe = Callable[[Observation], None]


def wait_until_ready(
    view: View,
    *,
    timeout: float,
    stop: threading.Event,
    observe: Observe,
    clock: Clock = SYSTEM,
) -> Snapshot:
    """Wait until a release is ready and stays so for its settle time.

    Args:
        view: of the release.
        timeout: seconds.
        stop: set when the run is being interrupted.
        observe: takes each observation.
        clock: the time that passes meanwhile.

    Raises:
        LearnflowError: of the class of the cause whose grace is over.
        NotReadyError: the timeout is over; names what is not ready, and why.
        ClusterUnreachableError: the API server was lost, and is not back in time.
        StoppedError: `stop` was set.
    """
    wait = _Wait(view, timeout, clock, {})
    while True:
        version, now, snapshot = view.store.version, clock.now(), view.snapshot()
        wait.report(snapshot, now, stop, observe)
        if wait.settled(snapshot, now):
            return snapshot
        wait.fail_if_over(snapshot, now)
        clock.sleep(view.store, version, wait.next(now))


def watch_hooks(
    view: View,
    *,
    done: threading.Event,
    stop: threading.Event,
    observe: Observe,
    clock: Clock = SYSTEM,
) -> None:
    """Observe the objects of a chart's hooks until `done` is set; a missing one is no cause.

    A failed Job does not end the wait: helm waits for the Jobs of hooks, and reports failures.

    Raises:
        LearnflowError: of the class of the cause whose grace is over.
        StoppedError: `stop` was set.
    """
    wait = _Wait(view, math.inf, clock, {Code.JobFailed: NEVER})
    while not done.is_set():
        version, now = view.store.version, clock.now()
        snapshot = existing(view)
        wait.report(snapshot, now, stop, observe)
        wait.fail_if_over(snapshot, now)
        clock.sleep(view.store, version, wait.next(now))


def existing(view: View) -> Snapshot:
    """The objects of hooks now; those of other events, such as a deletion, do not exist."""
    return dataclasses.replace(view.snapshot(), missing=())


class _Wait:
    """The state of one wait; its times are seconds of the clock."""

    def __init__(
        self, view: View, timeout: float, clock: Clock, grace: Mapping[str, float]
    ) -> None:
        self._view, self._timeout = view, timeout
        self._end = clock.now() + timeout
        self._ready_since = math.inf
        self._search = CauseSearch(view, grace)

    def report(
        self, snapshot: Snapshot, now: float, stop: threading.Event, observe: Observe
    ) -> None:
        """Report a snapshot with the causes that are new or healed.

        Raises:
            StoppedError: `stop` is set.
        """
        if stop.is_set():
            raise StoppedError
        changes = self._search.update(snapshot, now)
        observe(Observation(snapshot=snapshot, new=changes.new, healed=changes.healed))

    def settled(self, snapshot: Snapshot, now: float) -> bool:
        """Whether the release has been ready for its settle time, without a lost watch."""
        if not snapshot.ready or self._view.store.in_state("lost"):
            self._ready_since = math.inf
            return False
        self._ready_since = min(self._ready_since, now)
        probeless = settle.seconds(snapshot.objects, time.time())
        return now >= self._ready_since + max(self._view.release.settle, probeless)

    def fail_if_over(self, snapshot: Snapshot, now: float) -> None:
        """Raise the error of a cause whose grace is over, or of the timeout.

        While the API server is lost, no cause ends the wait, as its objects are out of date.
        """
        late = now >= self._end
        expired = self._search.expired(snapshot, now, late=late)
        lost = self._view.store.in_state("lost")
        release, namespace = self._view.release, self._view.namespace
        if lost and late:
            raise failures.unreachable(lost, f"{release.name} was waited for")
        if lost or not (late or expired):
            return
        causes = self._view.causes(snapshot, logs=True)
        if not expired:
            raise failures.timed_out(release, namespace, snapshot, causes, self._timeout)
        top = expired[0]
        if causes and causes[0].object == top.object:  # a log may name a cause nearer the root
            top = causes[0]
        raise failures.grace_over(release, namespace, top, self._search.periods.policy(top), causes)

    def next(self, now: float) -> float:
        """Seconds until the next step of the wait, if no object changes."""
        settled = self._ready_since + self._view.release.settle - now
        return max(min(self._end - now, settled, self._search.periods.next(now), POLL), 0.0)
