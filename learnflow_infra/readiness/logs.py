"""The last words of containers in trouble."""

import math
import time
from collections.abc import Mapping, Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.objects import ContainerStatus, Object
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.states import at, count, items, text
from learnflow_infra.timestamps import seconds_of

AT_MOST = 10
"""How many containers are asked at a time."""
FIRST = 15.0
"""Seconds for which a container may start before its log is read."""
_Where = tuple[str, str]


class Logs:
    """Reads a container's log once for each of its starts, and at each doubling of its age."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube, self._namespace = kube, namespace
        self._known: dict[_Where, tuple[object, Sequence[str]]] = {}

    def read(self, snapshot: Snapshot, *, anew: bool) -> Mapping[_Where, Sequence[str]]:
        """The last lines by pod and container.

        Args:
            snapshot: whose containers are asked, if they are not ready.
            anew: read all again.
        """
        before, self._known = self._known, {}
        for pod, item in _troubled(snapshot)[:AT_MOST]:
            where = text(pod, "metadata", "name"), text(item, "name")
            moment = text(pod, "metadata", "uid"), count(item, "restartCount"), _age(item)
            known = before.get(where)
            if anew or (moment[2] is not None and (known is None or known[0] != moment)):
                known = moment, self._tail(where, item)
            if known:
                self._known[where] = known
        return {where: lines for where, (_, lines) in self._known.items()}

    def _tail(self, where: _Where, item: ContainerStatus) -> Sequence[str]:
        """What it said before it ended: of one that was started again, the start before."""
        again = bool(count(item, "restartCount")) and at(item, "state", "running") is not None
        lines = self._kube.log_tail(self._namespace, *where, previous=again)
        return lines or self._kube.log_tail(self._namespace, *where, previous=not again)


def _age(item: ContainerStatus) -> int | None:
    """How often a running container's age has doubled; None for one that just began."""
    began = seconds_of(text(item, "state", "running", "startedAt"))
    if not began:
        return 0  # it has ended: nothing more will be said
    age = time.time() - began
    return int(math.log2(age / FIRST)) if age >= FIRST else None


def _troubled(snapshot: Snapshot) -> list[tuple[Object, ContainerStatus]]:
    """Pod and container of each that began to run and is not ready."""
    pods = [obj for obj, status in snapshot.states if obj["kind"] == "Pod" and not status.ready]
    return [
        (pod, item)
        for pod in pods
        for kind in ("initContainerStatuses", "containerStatuses")
        for item in items(pod, "status", kind)
        if not item.get("ready") and (item.get("containerID") or item.get("restartCount"))
    ]
