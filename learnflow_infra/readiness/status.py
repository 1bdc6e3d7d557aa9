"""Pure: a Kubernetes object to its status, by the rules of kstatus.

Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
"""

from collections.abc import Callable, Sequence

from learnflow_infra.models import Document, ReadyRule
from learnflow_infra.readiness import custom
from learnflow_infra.readiness.states import (
    State,
    Status,
    behind,
    condition,
    current,
    failed,
    progress,
)

__all__ = ["State", "Status", "compute", "condition", "evaluate"]


def compute(obj: Document) -> Status:
    """The status of an object; a kind without rules is current once it exists."""
    if obj["metadata"].get("deletionTimestamp"):
        return Status(state="Terminating", message="being deleted")
    by_operator = custom.compute(obj)
    if by_operator:
        return by_operator
    if behind(obj):
        return progress("its controller has not seen the newest spec yet")
    rule = _RULES.get(obj["kind"])
    return rule(obj) if rule else current("exists")


def evaluate(
    objects: Sequence[Document], rules: Sequence[ReadyRule] = ()
) -> list[tuple[Document, Status]]:
    """Each object with its status, as the others around it let it be seen."""
    outdated = custom.outdated(objects)
    late = progress("its operator has not carried the newest spec to it yet")
    return [
        (obj, late if obj["kind"] == "StrimziPodSet" and _name(obj) in outdated else compute(obj))
        for obj in objects
    ]


def _name(obj: Document) -> str:
    return str(obj["metadata"]["name"])


def _pod(obj: Document) -> Status:
    phase = obj.get("status", {}).get("phase", "Pending")
    if phase == "Succeeded":
        return current("completed")
    if phase == "Failed":
        return failed(obj["status"].get("message") or "failed")
    if condition(obj, "Ready").get("status") == "True":
        return current("ready")
    return progress(_pod_waits(obj))


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
        return progress("not seen by its controller yet")
    if status.get(updated, 0) < wanted:
        return progress(f"{status.get(updated, 0)} of {wanted} replicas updated")
    if status.get(ready, 0) < wanted:
        return progress(f"{status.get(ready, 0)} of {wanted} replicas ready")
    if status.get("replicas", wanted) > wanted:
        return progress(f"{status['replicas'] - wanted} replicas too many")
    return current(f"{wanted} of {wanted} replicas ready")


def _stateful_set(obj: Document) -> Status:
    wanted = obj["spec"].get("replicas", 1)
    result = _replicas(obj, updated="updatedReplicas", ready="readyReplicas", wanted=wanted)
    status = obj.get("status", {})
    rolling = status.get("currentRevision") != status.get("updateRevision")
    if wanted and result.ready and rolling:
        return progress("rolling to a new revision")
    return result


def _deployment(obj: Document) -> Status:
    stuck = condition(obj, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return failed(str(stuck.get("message")))
    wanted = obj["spec"].get("replicas", 1)
    return _replicas(obj, updated="updatedReplicas", ready="availableReplicas", wanted=wanted)


def _daemon_set(obj: Document) -> Status:
    wanted = obj.get("status", {}).get("desiredNumberScheduled", 0)
    return _replicas(obj, updated="updatedNumberScheduled", ready="numberAvailable", wanted=wanted)


def _job(obj: Document) -> Status:
    gave_up = condition(obj, "Failed")
    if gave_up.get("status") == "True":
        return failed(str(gave_up.get("message")))
    if condition(obj, "Complete").get("status") == "True":
        return current("complete")
    return progress("running")


def _claim(obj: Document) -> Status:
    phase = obj.get("status", {}).get("phase", "Pending")
    if phase == "Bound":
        return current("bound")
    if phase == "Lost":
        return failed("its volume is lost")
    return progress("not bound to a volume yet")


_RULES: dict[str, Callable[[Document], Status]] = {
    "Pod": _pod,
    "StatefulSet": _stateful_set,
    "Deployment": _deployment,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}
