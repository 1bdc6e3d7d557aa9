"""Wait until all that a release owns is ready, or until it is known that it never will be."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError, LearnflowError, NotReadyError
from learnflow_infra.models import Release
from learnflow_infra.readiness import causes, collections
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.owned import (
    INSTANCE,
    Expected,
    Judge,
    Snapshot,
    expected,
    members,
    reference,
)
from learnflow_infra.readiness.patience import Patience
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.watches import Watches

__all__ = ["INSTANCE", "Expected", "Seen", "Snapshot", "StoppedError", "View", "expected", "wait"]

TOGETHER = 0.02
"""Seconds in which changes that come at once are gathered before they are judged."""
SEARCH_EVERY = 0.5
"""Seconds between two searches for causes while something changes all the time."""
GLANCE = 0.5
"""Seconds after which a wait looks whether it was stopped, though nothing came."""
LOGS = 10
"""How many containers' logs are read for one report."""


class StoppedError(Exception):
    """The wait was given up, because the run is being interrupted."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a wait sees at one moment; `new` are causes that may end it, not there before."""

    snapshot: Snapshot
    new: Sequence[tuple[Cause, float]] = ()
    """Each with the seconds in which it may heal."""


class View:
    """One release in the eyes of the run's watches."""

    def __init__(self, kube: Kube, watches: Watches, namespace: str, release: Release) -> None:
        self._kube, self._watches = kube, watches
        self.namespace, self.release = namespace, release
        self._wanted = Expected()
        self._paths: list[str] = []
        self._judge = Judge(release.name, self._wanted, release.rules)

    @property
    def store(self) -> Store:
        """What the watches have seen."""
        return self._watches.store

    def expect(self, wanted: Expected) -> None:
        """Watch what is expected; what is seen of it then is not older than this call.

        Raises:
            ClusterUnreachableError: the API server does not answer.
        """
        self._wanted = wanted
        self._paths = collections.paths(self._kube, self.namespace, wanted.kinds)
        self._judge = Judge(self.release.name, wanted, self.release.rules)
        self._watches.ensure([*self._paths, *collections.around(self.namespace)])

    def look(self) -> Snapshot:
        """What the release owns now."""
        return self._judge(self.store.objects(self._paths))

    def evidence(
        self, snapshot: Snapshot, logs: Mapping[tuple[str, str], Sequence[str]] | None = None
    ) -> Evidence:
        """All that may explain why something of a snapshot is not ready."""
        events, *around = collections.around(self.namespace)
        others = self.store.objects(
            path.format(self.namespace) for path in collections.COLLECTIONS.values()
        )
        operators = [obj for need in self.release.needs for obj in members(others, need, ())]
        return Evidence(
            namespace=self.namespace,
            states=snapshot.states,
            missing=snapshot.missing,
            events=self.store.objects([events]),
            around=[*self.store.objects(around), *operators],
            logs=logs or {},
            denied=[path.rpartition("/")[2] for path in self.store.in_state("denied")],
            operators=self.release.needs,
        )

    def causes(self, snapshot: Snapshot, *, logs: bool = False) -> list[Cause]:
        """Why something is not ready, the root first; `logs` asks containers for theirs."""
        if snapshot.ready:
            return []
        found = self._logs(snapshot) if logs else {}
        return causes.find(self.evidence(snapshot, found), self.release.causes)

    def _logs(self, snapshot: Snapshot) -> dict[tuple[str, str], list[str]]:
        found = {}
        for pod, container in _troubled(snapshot)[:LOGS]:
            where = self.namespace, pod, container
            lines = self._kube.log_tail(*where, previous=False)
            found[pod, container] = lines or self._kube.log_tail(*where, previous=True)
        return found


def _troubled(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Pod and container of each that began to run and is not ready."""
    pods = [obj for obj, status in snapshot.states if obj["kind"] == "Pod" and not status.ready]
    return [
        (pod["metadata"]["name"], item["name"])
        for pod in pods
        for kind in ("initContainerStatuses", "containerStatuses")
        for item in (pod.get("status") or {}).get(kind) or ()
        if not item.get("ready") and (item.get("containerID") or item.get("restartCount"))
    ]


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


class _Wait:
    def __init__(self, view: View, seconds: float) -> None:
        self._view, self._seconds = view, seconds
        self._begun = time.monotonic()
        self._ready_since = math.inf
        self._searched = -math.inf
        self._patience = Patience(view.release.grace, view.release.causes)

    def until_ready(self, stop: threading.Event, seen: Callable[[Seen], None]) -> Snapshot:
        """Look at each change until one of the ends is reached."""
        while True:
            if stop.is_set():
                raise StoppedError
            version, now = self._view.store.version, time.monotonic()
            snapshot = self._view.look()
            seen(Seen(snapshot=snapshot, new=self._search(snapshot, now)))
            if self._settled(snapshot, now):
                return snapshot
            self._give_up(snapshot, now)
            self._view.store.wait(version, self._nap(now))
            time.sleep(TOGETHER)

    def _settled(self, snapshot: Snapshot, now: float) -> bool:
        if not snapshot.ready or self._view.store.in_state("lost"):
            self._ready_since = math.inf
            return False
        self._ready_since = min(self._ready_since, now)
        return now - self._ready_since >= self._view.release.settle

    def _search(self, snapshot: Snapshot, now: float) -> list[tuple[Cause, float]]:
        """Search for causes, unless that was just done; returns the new ones."""
        if now - self._searched < SEARCH_EVERY:
            return []
        self._searched = now
        new = self._patience.take(self._view.causes(snapshot), now)
        timed = [(cause, self._patience.left(cause, now)) for cause in new]
        return [(cause, grace) for cause, grace in timed if grace < math.inf]

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
        over = self._patience.over(now)
        late = now - self._begun >= self._seconds
        if not over and not late:
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
        return _told(
            made(f"{release.name} will not become ready: {top.message}"),
            [top, *rest],
            f"{top.remedy}\n".lstrip() + self._more(),
        )

    def _too_late(self, snapshot: Snapshot, found: Sequence[Cause]) -> LearnflowError:
        waits = [f"{reference(o)}: {s.message}" for o, s in snapshot.states if not s.ready]
        waits += [f"{name}: does not exist" for name in snapshot.missing]
        explained = {cause.object for cause in found}
        rest = [line for line in waits if line.partition(":")[0] not in explained]
        error = NotReadyError(
            f"{self._view.release.name} is not ready after {self._seconds:.0f} s.",
            why="\n".join(rest),
        )
        return _told(error, found, self._more())

    def _more(self) -> str:
        where = f"-n {self._view.namespace}"
        return f"Look again: learnflow-infra diagnose {self._view.release.skill} {where}"


def _told(error: LearnflowError, found: Sequence[Cause], remedy: str) -> LearnflowError:
    """The error with its causes, the first one on top."""
    lines = [line for cause in found for line in cause.lines()]
    error.why = "\n".join([*lines, *filter(None, [error.why])])
    error.remedy = remedy
    error.causes = tuple(cause.document() for cause in found)
    return error
