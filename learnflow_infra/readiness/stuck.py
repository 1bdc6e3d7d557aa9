"""Pure: pods that a StatefulSet's controller will never replace by itself.

Source: "Forced rollback" in
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: with the default
pod management, a pod that cannot become ready blocks the update that would mend it, and
has to be deleted by hand.
"""

from collections.abc import Iterable

from learnflow_infra.models import Document
from learnflow_infra.readiness.states import at, condition, items, text
from learnflow_infra.readiness.status import compute

REVISION = "controller-revision-hash"
"""The label by which a StatefulSet's controller marks of which revision a pod is."""


def stuck_pods(objects: Iterable[Document]) -> list[Document]:
    """Pods of an older revision than their StatefulSet's newest, with nothing running in them."""
    objects = list(objects)
    newest = {
        text(obj, "metadata", "uid"): text(obj, "status", "updateRevision")
        for obj in objects
        if obj.get("kind") == "StatefulSet" and _seen_by_controller(obj)
    }
    old = (obj for obj in objects if obj.get("kind") == "Pod" and _outdated(obj, newest))
    return [pod for pod in old if compute(pod).state == "InProgress" and _nothing_runs(pod)]


def _seen_by_controller(obj: Document) -> bool:
    seen = at(obj, "status", "observedGeneration") == at(obj, "metadata", "generation")
    return seen and bool(text(obj, "metadata", "uid") and text(obj, "status", "updateRevision"))


def _outdated(pod: Document, newest: dict[str, str]) -> bool:
    if not newest:
        return False
    owners = [text(owner, "uid") for owner in items(pod, "metadata", "ownerReferences")]
    revision = at(pod, "metadata", "labels", REVISION)
    return any(uid in newest and newest[uid] != revision for uid in owners)


def _nothing_runs(pod: Document) -> bool:
    """Not on a node, or every container waits (for an image, a Secret, the next crash)."""
    if condition(pod, "PodScheduled").get("status") == "False":
        return True
    found = items(pod, "status", "containerStatuses")
    return bool(found) and all(at(item, "state", "waiting") is not None for item in found)
