"""Pure: pods that a StatefulSet's controller will never replace by itself.

Source: "Forced rollback" in
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: with the default
pod management, a pod that cannot become ready blocks the update that would mend it, and
has to be deleted by hand.
"""

from collections.abc import Iterable

from learnflow_infra.models import Document
from learnflow_infra.readiness.status import compute, condition

REVISION = "controller-revision-hash"
"""The label by which a StatefulSet's controller marks of which revision a pod is."""


def stuck_pods(objects: Iterable[Document]) -> list[Document]:
    """Pods of an older revision than their StatefulSet's newest, with nothing running in them."""
    objects = list(objects)
    newest = {
        obj["metadata"]["uid"]: obj["status"]["updateRevision"]
        for obj in objects
        if obj["kind"] == "StatefulSet" and _seen_by_controller(obj)
    }
    pods = (obj for obj in objects if obj["kind"] == "Pod" and compute(obj).state == "InProgress")
    return [pod for pod in pods if _outdated(pod, newest) and _nothing_runs(pod)]


def _seen_by_controller(obj: Document) -> bool:
    status = obj.get("status", {})
    current = status.get("observedGeneration") == obj["metadata"].get("generation")
    return current and "updateRevision" in status


def _outdated(pod: Document, newest: dict[str, str]) -> bool:
    owners = [owner["uid"] for owner in pod["metadata"].get("ownerReferences", ())]
    revision = pod["metadata"].get("labels", {}).get(REVISION)
    return any(uid in newest and newest[uid] != revision for uid in owners)


def _nothing_runs(pod: Document) -> bool:
    """Not on a node, or every container waits (for an image, a Secret, the next crash)."""
    if condition(pod, "PodScheduled").get("status") == "False":
        return True
    states = [item.get("state", {}) for item in pod["status"].get("containerStatuses", ())]
    return bool(states) and all("waiting" in state for state in states)
