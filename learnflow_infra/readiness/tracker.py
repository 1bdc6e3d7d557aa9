"""Wait until all that a release owns is ready, or until it is known that it never will be."""

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.errors import ClusterUnreachableError, LearnflowError, NotReadyError
from learnflow_infra.models import Release
from learnflow_infra.readiness.causes import NEVER, Cause
from learnflow_infra.readiness.logs import FIRST
from learnflow_infra.readiness.owned import Snapshot, reference
from learnflow_infra.readiness.patience import Patience
from learnflow_infra.readiness.stuck import about_to_go
from learnflow_infra.readiness.view import View
from learnflow_infra.remedy import Command, Remedy, Words, join_lines

TOGETHER = 0.02
"""Seconds in which changes that come at once are gathered before they are judged."""
SEARCH_EVERY = 0.5
"""Seconds between two searches for causes while something changes all the time."""
GLANCE = 0.5
"""Seconds after which a wait looks whether it was stopped, though nothing came."""


class StoppedError(Exception):
    """The wait was given up, because the run is being interrupted."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a wait sees at one moment; `new` and `gone` are causes that may end it.

    `new` ones come with the seconds in which they may heal.
    """

    snapshot: Snapshot
    new: Sequence[tuple[Cause, float]] = ()
    gone: Sequence[Cause] = ()


def wait(
    view: View,
    *,
    seconds: float,
    stop: threading.Event,
    seen: Callable[[Seen], None],
) -> Snapshot:
    """Wait until a release is ready and stays so for its settle time.

    Raises:
        LearnflowError: of the class of the cause for which it will not become ready.
        NotReadyError: `seconds` are over; names what is not ready, and why.
        ClusterUnreachableError: the API server was lost, and is not back after `seconds`.
        StoppedError: `stop` was set.
    """
    return _Wait(view, seconds).until_ready(stop, seen)


def guard(
    view: View, *, done: threading.Event, stop: threading.Event, seen: Callable[[Seen], None]
) -> None:
    """Look after what comes and goes, as a chart's hooks do, until `done` is set.

    A job that fails is left to who waits for its end, as helm does for that of a hook.

    Raises:
        LearnflowError: of the class of the cause for which something will not become ready.
        StoppedError: `stop` was set.
    """
    _Wait(view, math.inf, {"JobFailed": NEVER}).until_done(done, stop, seen)


class _Wait:
    def __init__(
        self, view: View, seconds: float, grace: Mapping[str, float] | None = None
    ) -> None:
        self._view, self._seconds = view, seconds
        self._begun = time.monotonic()
        self._ready_since = math.inf
        self._searched = -math.inf
        self._seen: Snapshot | None = None
        graces = {**view.release.grace, **(grace or {})}
        self._patience = Patience(graces, view.release.causes)

    def until_ready(self, stop: threading.Event, seen: Callable[[Seen], None]) -> Snapshot:
        """Look at each change until all is ready for its settle time."""
        while True:
            version, now = self._view.store.version, time.monotonic()
            snapshot = self._view.look()
            self._tell(snapshot, now, stop, seen)
            if self._settled(snapshot, now):
                return snapshot
            self._give_up(snapshot, now)
            self._sleep(version, now)

    def until_done(
        self, done: threading.Event, stop: threading.Event, seen: Callable[[Seen], None]
    ) -> None:
        """Look at each change until `done` is set; what is not there is not missed."""
        while not done.is_set():
            version, now = self._view.store.version, time.monotonic()
            snapshot = dataclasses.replace(self._view.look(), missing=())
            self._tell(snapshot, now, stop, seen)
            self._give_up(snapshot, now)
            self._sleep(version, now)

    def _tell(
        self,
        snapshot: Snapshot,
        now: float,
        stop: threading.Event,
        seen: Callable[[Seen], None],
    ) -> None:
        if stop.is_set():
            raise StoppedError
        new, gone = self._search(snapshot, now)
        seen(Seen(snapshot=snapshot, new=new, gone=gone))

    def _sleep(self, version: int, now: float) -> None:
        """Until something changes, or has to be looked at though nothing changed."""
        self._view.store.wait(version, self._nap(now))
        time.sleep(TOGETHER)

    def _settled(self, snapshot: Snapshot, now: float) -> bool:
        if not snapshot.ready or self._view.store.in_state("lost"):
            self._ready_since = math.inf
            return False
        self._ready_since = min(self._ready_since, now)
        return now - self._ready_since >= self._view.release.settle

    def _search(
        self, snapshot: Snapshot, now: float
    ) -> tuple[list[tuple[Cause, float]], list[Cause]]:
        """Search for causes, unless that was just done; returns what there is to tell of them."""
        since = now - self._searched
        if since >= SEARCH_EVERY and (snapshot is not self._seen or since >= FIRST):
            self._searched, self._seen = now, snapshot
            self._patience.take(self._causes(snapshot), now)
        return self._patience.news(now)

    def _causes(self, snapshot: Snapshot) -> list[Cause]:
        """Those of the newest specs: pods that are about to be replaced have none."""
        old = about_to_go(snapshot.objects)
        states = [item for item in snapshot.states if item[0]["metadata"]["uid"] not in old]
        return self._view.causes(dataclasses.replace(snapshot, states=tuple(states)))

    def _nap(self, now: float) -> float:
        """Seconds until something has to be looked at though nothing changed."""
        ends = [
            self._begun + self._seconds - now,
            self._ready_since + self._view.release.settle - now,
            self._patience.next(now),
            GLANCE,
        ]
        return max(min(ends), 0.0)

    def _give_up(self, snapshot: Snapshot, now: float) -> None:
        late = now - self._begun >= self._seconds
        if not late and not self._patience.over(now):
            return
        self._patience.take(self._causes(snapshot), now)  # one may just have healed
        over = self._patience.over(now)
        if not late and not over:
            return
        lost = self._view.store.in_state("lost")
        if lost and late:
            why = "; ".join(sorted(set(lost.values())))
            raise ClusterUnreachableError(
                f"The API server was lost while {self._view.release.name} was waited for.", why=why
            )
        if lost:
            return
        found = self._view.causes(snapshot, logs=True)
        raise self._never(over[0], found) if over else self._too_late(snapshot, found)

    def _never(self, cause: Cause, found: Sequence[Cause]) -> LearnflowError:
        """The grace of a cause is over; the logs may tell of one that is nearer the root."""
        top = found[0] if found and found[0].object == cause.object else cause
        rest = [other for other in found if other.code != top.code or other.object != top.object]
        made = self._patience.policy(top).error
        release = self._view.release
        return failure(
            made,
            f"{release.name} will not become ready: {top.code}.",
            causes=[top, *rest],
            remedy=remedy(top, release, self._view.namespace),
        )

    def _too_late(self, snapshot: Snapshot, found: Sequence[Cause]) -> LearnflowError:
        waits = [f"{reference(o)}: {s.message}" for o, s in snapshot.states if not s.ready]
        waits += [f"{name}: does not exist" for name in snapshot.missing]
        explained = {cause.object for cause in found}
        rest = [line for line in waits if line.partition(":")[0] not in explained]
        return failure(
            NotReadyError,
            f"{self._view.release.name} is not ready after {self._seconds:.0f} s.",
            why="\n".join(rest),
            causes=found,
            remedy=remedy(None, self._view.release, self._view.namespace),
        )


def remedy(cause: Cause | None, release: Release, namespace: str) -> Words:
    """The cause's own remedy, and the command that looks for causes again."""
    again = Command("diagnose", release.skill, "-n", namespace)
    return join_lines(cause.remedy if cause else "", Remedy("Look again: ", again))


def failure(
    kind: type[LearnflowError],
    what: str,
    *,
    causes: Sequence[Cause],
    why: Words = "",
    remedy: Words,
) -> LearnflowError:
    """An error whose `why` begins with its causes; the first cause's remedy is left to `remedy`."""
    first = [dataclasses.replace(cause, remedy="") for cause in causes[:1]]
    explained = [line for cause in [*first, *causes[1:]] for line in cause.lines()]
    documents = [cause.document() for cause in causes]
    return kind(what, why=join_lines(*explained, why), remedy=remedy, causes=documents)
