"""Pure: pods of an old revision that block their StatefulSet's update.

Source: "Forced rollback" in
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: with the default
pod management, a pod that cannot become ready blocks the update that would repair it, and
has to be deleted by hand.
"""

from collections.abc import Iterable

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    at,
    condition,
    count,
    items,
    owner_uids,
    part,
    text,
    unobserved,
)
from learnflow_infra.readiness.status import compute

REVISION = "controller-revision-hash"
"""The label with a pod's revision, written by the controller of a StatefulSet."""
_CONTROLLERS = {"StatefulSet", "DaemonSet"}


def stuck_pods(objects: Iterable[Object]) -> list[Object]:
    """Pods of an older revision than their StatefulSet's newest, of which no container runs."""
    objects = list(objects)
    newest = {
        text(obj, "metadata", "uid"): text(obj, "status", "updateRevision")
        for obj in objects
        if obj.get("kind") == "StatefulSet" and _observed(obj) and _replaces_pods(obj)
    }
    old = (obj for obj in objects if obj.get("kind") == "Pod" and _outdated(obj, newest))
    return [pod for pod in old if compute(pod).state == "InProgress" and _nothing_runs(pod)]


def soon_replaced(objects: Iterable[Object]) -> set[str]:
    """The uids of stuck pods, and of pods whose controller has not observed the newest spec."""
    objects = list(objects)
    controllers = (obj for obj in objects if obj["kind"] in _CONTROLLERS and unobserved(obj))
    uids = {text(obj, "metadata", "uid") for obj in controllers}
    pods = (obj for obj in objects if obj["kind"] == "Pod" and uids & owner_uids(obj))
    return {text(pod, "metadata", "uid") for pod in (*pods, *stuck_pods(objects))}


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
    revision = at(pod, "metadata", "labels", REVISION)
    return any(uid in newest and newest[uid] != revision for uid in owner_uids(pod))


def _nothing_runs(pod: Object) -> bool:
    """Whether the pod has no node, or every container waits: for an image, a Secret, a restart."""
    if condition(pod, "PodScheduled").get("status") == "False":
        return True
    statuses = items(pod, "status", "containerStatuses")
    return bool(statuses) and all(at(item, "state", "waiting") is not None for item in statuses)
