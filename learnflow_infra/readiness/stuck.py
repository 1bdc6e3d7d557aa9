"""Pure: pods that a StatefulSet's controller will never replace by itself.

Source: "Forced rollback" in
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: with the default
pod management, a pod that cannot become ready blocks the update that would mend it, and
has to be deleted by hand.
"""

from collections.abc import Iterable

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import at, behind, condition, count, items, part, text
from learnflow_infra.readiness.status import compute

REVISION = "controller-revision-hash"
"""The label by which a StatefulSet's controller marks of which revision a pod is."""
_MAKERS = {"StatefulSet", "DaemonSet"}


def stuck_pods(objects: Iterable[Object]) -> list[Object]:
    """Pods of an older revision than their StatefulSet's newest, with nothing running in them."""
    objects = list(objects)
    newest = {
        text(obj, "metadata", "uid"): text(obj, "status", "updateRevision")
        for obj in objects
        if obj.get("kind") == "StatefulSet" and _seen_by_controller(obj) and _replaces(obj)
    }
    old = (obj for obj in objects if obj.get("kind") == "Pod" and _outdated(obj, newest))
    return [pod for pod in old if compute(pod).state == "InProgress" and _nothing_runs(pod)]


def about_to_go(objects: Iterable[Object]) -> set[str]:
    """The uids of pods that are stuck in an older revision, or whose maker has not acted yet."""
    objects = list(objects)
    late = {
        text(obj, "metadata", "uid") for obj in objects if obj["kind"] in _MAKERS and behind(obj)
    }
    made = (obj for obj in objects if obj["kind"] == "Pod" and late & _owners(obj))
    return {text(pod, "metadata", "uid") for pod in (*made, *stuck_pods(objects))}


def _owners(obj: Object) -> set[str]:
    return {text(owner, "uid") for owner in items(obj, "metadata", "ownerReferences")}


def _replaces(obj: Object) -> bool:
    """Its controller makes every pod of the newest revision; else one of an older stays one."""
    update = part(obj, "spec", "updateStrategy")
    return update.get("type") != "OnDelete" and not count(update, "rollingUpdate", "partition")


def _seen_by_controller(obj: Object) -> bool:
    seen = at(obj, "status", "observedGeneration") == at(obj, "metadata", "generation")
    return seen and bool(text(obj, "metadata", "uid") and text(obj, "status", "updateRevision"))


def _outdated(pod: Object, newest: dict[str, str]) -> bool:
    if not newest:
        return False
    revision = at(pod, "metadata", "labels", REVISION)
    return any(uid in newest and newest[uid] != revision for uid in _owners(pod))


def _nothing_runs(pod: Object) -> bool:
    """Not on a node, or every container waits (for an image, a Secret, the next crash)."""
    if condition(pod, "PodScheduled").get("status") == "False":
        return True
    found = items(pod, "status", "containerStatuses")
    return bool(found) and all(at(item, "state", "waiting") is not None for item in found)
