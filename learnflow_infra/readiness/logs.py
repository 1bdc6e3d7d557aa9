"""The last log lines of containers that are not ready."""

import math
import time
from collections.abc import Callable, Mapping, Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.fields import at, count, text
from learnflow_infra.objects import ContainerStatus, Pod, is_pod
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.states import containers
from learnflow_infra.timestamps import seconds_of

MAX_CONTAINERS = 10
"""How many containers' logs are read at a time."""
MIN_AGE = 15.0
"""Seconds that a container has to run before its log is read: it may still be starting."""
_REMOVED = ("unable to retrieve container logs for", "failed to try resolving symlinks in path")
"""How the kubelet's answer begins when its runtime has removed the container, or its log."""
_PodContainer = tuple[str, str]


class Logs:
    """Reads a container's log once for each of its starts, and at each doubling of its age.

    Args:
        kube: the cluster.
        namespace: of the pods.
        now: the time, in seconds since 1970.
    """

    def __init__(self, kube: Kube, namespace: str, now: Callable[[], float] = time.time) -> None:
        self._kube, self._namespace, self._now = kube, namespace, now
        self._read: dict[_PodContainer, tuple[object, Sequence[str]]] = {}

    def read(self, snapshot: Snapshot, *, again: bool) -> Mapping[_PodContainer, Sequence[str]]:
        """The last lines by pod and container.

        Args:
            snapshot: the release; logs of its containers that are not ready are read.
            again: read each log, though its container has not changed.
        """
        before, self._read = self._read, {}
        for pod, item in _unready_containers(snapshot)[:MAX_CONTAINERS]:
            key, age = (text(pod, "metadata", "name"), text(item, "name")), self._age(item)
            state = text(pod, "metadata", "uid"), count(item, "restartCount"), age
            log = before.get(key)
            if again or (age is not None and (log is None or log[0] != state)):
                log = state, self._tail(key, item)
            if log:
                self._read[key] = log
        return {key: lines for key, (_, lines) in self._read.items()}

    def _tail(self, key: _PodContainer, item: ContainerStatus) -> Sequence[str]:
        """The log of the last ended start; of the running one where that has no log."""
        restarted = bool(count(item, "restartCount")) and at(item, "state", "running") is not None
        return self._lines(key, previous=restarted) or self._lines(key, previous=not restarted)

    def _lines(self, key: _PodContainer, *, previous: bool) -> Sequence[str]:
        """The log; none where the kubelet answers that its runtime has removed it."""
        lines = self._kube.log_tail(self._namespace, *key, previous=previous)
        return [] if lines and lines[0].startswith(_REMOVED) else lines

    def _age(self, item: ContainerStatus) -> int | None:
        """How often a running container's age has doubled; None for one that just started."""
        started = seconds_of(text(item, "state", "running", "startedAt"))
        if not started:
            return 0  # it has ended: its log does not grow
        age = self._now() - started
        return int(math.log2(age / MIN_AGE)) if age >= MIN_AGE else None


def _unready_containers(snapshot: Snapshot) -> list[tuple[Pod, ContainerStatus]]:
    """Pod and container of each container that has started and is not ready."""
    pods = [obj for obj, status in snapshot.states if is_pod(obj) and not status.ready]
    return [
        (pod, item)
        for pod in pods
        for item in containers(pod)
        if not item.get("ready") and (item.get("containerID") or item.get("restartCount"))
    ]
