"""Look at what a release owns until all of it is ready."""

import dataclasses
import threading
import time
from collections.abc import Callable

from learnflow_infra.clients import retry
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError, NotReadyError
from learnflow_infra.models import Release
from learnflow_infra.readiness import causes
from learnflow_infra.readiness.owned import (
    COLLECTIONS,
    INSTANCE,
    Expected,
    Snapshot,
    expected,
    look,
    statuses,
)

__all__ = [
    "COLLECTIONS",
    "INSTANCE",
    "Expected",
    "Snapshot",
    "StoppedError",
    "diagnose",
    "expected",
    "look",
    "statuses",
    "wait",
]

REFUSED_SECONDS = 10.0
"""How long an operator has to refuse a spec: at first it may lack what is made a moment later."""


class StoppedError(Exception):
    """The wait was given up, because the run is being interrupted."""


def wait(
    kube: Kube,
    namespace: str,
    release: Release,
    *,
    expected: Expected,
    seconds: float,
    stop: threading.Event,
    seen: Callable[[Snapshot], None],
) -> Snapshot:
    """Wait until a release is ready and stays so for its settle time.

    Raises:
        NotReadyError: `seconds` are over, or waiting cannot help; names what is not ready, why.
        StoppedError: `stop` was set.
    """
    ready, refused = _Lasting(), _Lasting()

    def glance() -> Snapshot:
        if stop.is_set():
            raise StoppedError
        try:
            return look(kube, namespace, release.name, expected)
        except ClusterUnreachableError as error:  # a server that restarts is waited for
            raise retry.TransientError(str(error)) from error

    def decided(snapshot: Snapshot) -> bool:
        if snapshot.failed or refused.seconds(snapshot.refused) >= REFUSED_SECONDS:
            return True
        return ready.seconds(snapshot.ready) >= release.settle

    begun = time.monotonic()
    try:
        done, last = retry.poll(glance, until=decided, seconds=seconds, seen=seen)
    except retry.TransientError as error:
        raise ClusterUnreachableError(
            f"The API server was lost while {release.name} was waited for.", why=str(error)
        ) from error
    if done and last.ready:
        return last
    found = diagnose(kube, namespace, last)
    lines = [line for cause in found for line in cause.lines()]
    raise NotReadyError(
        f"{release.name} is not ready after {time.monotonic() - begun:.0f} s.",
        why="\n".join(lines),
        remedy=f"Look again: learnflow-infra diagnose {release.skill} -n {namespace}",
    )


class _Lasting:
    """How long something has been so without a break."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seconds(self, holds: bool) -> float:
        """Take what is so now; the seconds that it has been, or -1 when it is not."""
        if not holds:
            self._since = None
            return -1.0
        now = time.monotonic()
        self._since = self._since or now
        return now - self._since


def diagnose(kube: Kube, namespace: str, snapshot: Snapshot) -> list[causes.Cause]:
    """The causes for what is not ready, each container's with its last log lines."""
    if snapshot.ready:
        return []
    missing = [causes.Cause(object=name, reason="does not exist") for name in snapshot.missing]
    events = kube.items(f"/api/v1/namespaces/{namespace}/events")
    found = causes.explain(snapshot.objects, events)
    return [*missing, *(_with_log(kube, namespace, cause) for cause in found)]


def _with_log(kube: Kube, namespace: str, cause: causes.Cause) -> causes.Cause:
    if not cause.container:
        return cause
    pod = cause.object.partition("/")[2]
    lines = kube.log_tail(namespace, pod, cause.container, previous=False)
    lines = lines or kube.log_tail(namespace, pod, cause.container, previous=True)
    return dataclasses.replace(cause, log=tuple(lines))
