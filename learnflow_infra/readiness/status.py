"""Pure: a Kubernetes object to its status, by the rules of kstatus.

Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from learnflow_infra.models import Document

State = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A state and, for people, what it is waiting for."""

    state: State
    message: str

    @property
    def ready(self) -> bool:
        """The object is as its spec asks."""
        return self.state == "Current"


def compute(obj: Document) -> Status:
    """The status of an object; a kind without rules is current once it exists."""
    if obj["metadata"].get("deletionTimestamp"):
        return Status(state="Terminating", message="being deleted")
    observed = obj.get("status", {}).get("observedGeneration")
    generation = obj["metadata"].get("generation")
    if observed is not None and generation is not None and observed < generation:
        return _progress("its controller has not seen the newest spec yet")
    rule = _RULES.get(obj["kind"])
    return rule(obj) if rule else _current("exists")


def _current(message: str) -> Status:
    return Status(state="Current", message=message)


def _progress(message: str) -> Status:
    return Status(state="InProgress", message=message)


def condition(obj: Document, name: str) -> Document:
    """A condition of the object's status, or an empty mapping."""
    for item in obj.get("status", {}).get("conditions", ()):
        if item["type"] == name:
            found: Document = item
            return found
    return {}


def _pod(obj: Document) -> Status:
    phase = obj.get("status", {}).get("phase", "Pending")
    if phase == "Succeeded":
        return _current("completed")
    if phase == "Failed":
        return Status(state="Failed", message=obj["status"].get("message") or "failed")
    if condition(obj, "Ready").get("status") == "True":
        return _current("ready")
    return _progress(_pod_waits(obj))


def _pod_waits(obj: Document) -> str:
    unscheduled = condition(obj, "PodScheduled")
    if unscheduled.get("status") == "False":
        return str(unscheduled.get("message") or "not scheduled")
    status = obj.get("status", {})
    for item in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
        waiting = item.get("state", {}).get("waiting")
        if waiting:
            return f"container {item['name']}: {waiting.get('reason', 'waiting')}"
    waits = condition(obj, "Ready").get("message")
    return str(waits or "starting")


def _replicas(obj: Document, *, updated: str, ready: str, wanted: int) -> Status:
    status = obj.get("status", {})
    if status.get("observedGeneration") is None:
        return _progress("not seen by its controller yet")
    if status.get(updated, 0) < wanted:
        return _progress(f"{status.get(updated, 0)} of {wanted} replicas updated")
    if status.get(ready, 0) < wanted:
        return _progress(f"{status.get(ready, 0)} of {wanted} replicas ready")
    if status.get("replicas", wanted) > wanted:
        return _progress(f"{status['replicas'] - wanted} replicas too many")
    return _current(f"{wanted} of {wanted} replicas ready")


def _stateful_set(obj: Document) -> Status:
    wanted = obj["spec"].get("replicas", 1)
    result = _replicas(obj, updated="updatedReplicas", ready="readyReplicas", wanted=wanted)
    status = obj.get("status", {})
    rolling = status.get("currentRevision") != status.get("updateRevision")
    if wanted and result.ready and rolling:
        return _progress("rolling to a new revision")
    return result


def _deployment(obj: Document) -> Status:
    stuck = condition(obj, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return Status(state="Failed", message=str(stuck.get("message")))
    wanted = obj["spec"].get("replicas", 1)
    return _replicas(obj, updated="updatedReplicas", ready="availableReplicas", wanted=wanted)


def _daemon_set(obj: Document) -> Status:
    wanted = obj.get("status", {}).get("desiredNumberScheduled", 0)
    return _replicas(obj, updated="updatedNumberScheduled", ready="numberAvailable", wanted=wanted)


def _job(obj: Document) -> Status:
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        return Status(state="Failed", message=str(failed.get("message")))
    if condition(obj, "Complete").get("status") == "True":
        return _current("complete")
    return _progress("running")


def _claim(obj: Document) -> Status:
    phase = obj.get("status", {}).get("phase", "Pending")
    if phase == "Bound":
        return _current("bound")
    if phase == "Lost":
        return Status(state="Failed", message="its volume is lost")
    return _progress("not bound to a volume yet")


_RULES: dict[str, Callable[[Document], Status]] = {
    "Pod": _pod,
    "StatefulSet": _stateful_set,
    "Deployment": _deployment,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}
