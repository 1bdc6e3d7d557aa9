"""Pure: pods of an old revision that block their StatefulSet's update.

Source: "Forced rollback" in
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: with the default
pod management, a pod that cannot become ready blocks the update that would repair it, and
has to be deleted by hand. A pod that is only starting is left alone: it may be at work on its
data, and becomes ready by itself.
"""

from collections.abc import Iterable

from learnflow_infra.conditions import condition
from learnflow_infra.fields import at, count, part, text
from learnflow_infra.objects import ContainerStatus, Object
from learnflow_infra.readiness.past import of_the_past
from learnflow_infra.readiness.states import STARTING, containers, owner_uids, waiting
from learnflow_infra.readiness.status import compute
from learnflow_infra.timestamps import seconds_of

REVISION = "controller-revision-hash"
"""The label with a pod's revision, written by the controller of a StatefulSet."""
PATIENCE = 60.0
"""Seconds for which a running pod of an old revision may be unready before it is replaced."""


def stuck_pods(objects: Iterable[Object], now: float) -> list[Object]:
    """Pods of an older revision than their StatefulSet's newest that do not become ready.

    Args:
        objects: of a release.
        now: in seconds since 1970.
    """
    return [pod for pod in _blocking(list(objects)) if _fails(pod) or _is_late(pod, now)]


def soon_replaced(objects: Iterable[Object]) -> set[str]:
    """The uids of objects of the past (see `past`), and of pods that block an update.

    No cause in them says anything of the pods that follow.
    """
    objects = list(objects)
    return of_the_past(objects) | {text(pod, "metadata", "uid") for pod in _blocking(objects)}


def _blocking(objects: list[Object]) -> list[Object]:
    """Pods of an older revision that are not ready."""
    newest = {
        text(obj, "metadata", "uid"): text(obj, "status", "updateRevision")
        for obj in objects
        if obj.get("kind") == "StatefulSet" and _observed(obj) and _replaces_pods(obj)
    }
    old = (obj for obj in objects if obj.get("kind") == "Pod" and _outdated(obj, newest))
    return [pod for pod in old if compute(pod).state == "InProgress"]


def _replaces_pods(obj: Object) -> bool:
    """Whether the controller brings every pod to the newest revision by itself."""
    update = part(obj, "spec", "updateStrategy")
    return update.get("type") != "OnDelete" and not count(update, "rollingUpdate", "partition")


def _observed(obj: Object) -> bool:
    observed = at(obj, "status", "observedGeneration") == at(obj, "metadata", "generation")
    return observed and bool(text(obj, "metadata", "uid") and text(obj, "status", "updateRevision"))


def _outdated(pod: Object, newest: dict[str, str]) -> bool:
    if not newest:
        return False
    revision = text(pod, "metadata", "labels", REVISION)
    return any(revision not in {"", newest.get(uid, revision)} for uid in owner_uids(pod))


def _fails(pod: Object) -> bool:
    """Whether the pod has no node, nothing runs in it, or one of its containers does not start."""
    if condition(pod, "PodScheduled").get("status") == "False":
        return True
    statuses = containers(pod)
    runs = any(at(item, "state", "running") is not None for item in statuses)
    return any(map(_does_not_start, statuses)) or (bool(statuses) and not runs)


def _does_not_start(item: ContainerStatus) -> bool:
    """Whether the kubelet reports why a container cannot start, or it restarts after a failure."""
    return text(waiting(item), "reason", default=STARTING[0]) not in STARTING


def _is_late(pod: Object, now: float) -> bool:
    """Whether the pod has run without being ready for too long; starting pods are not late.

    A container that has not passed its startup probe is starting until the kubelet restarts it.
    """
    starting = any(
        at(item, "started") is False and not count(item, "restartCount") for item in containers(pod)
    )
    since = text(condition(pod, "Ready"), "lastTransitionTime")
    since = since or text(pod, "metadata", "creationTimestamp")
    return bool(since) and not starting and now - seconds_of(since) >= PATIENCE
