"""The status of pod controllers, by the counts that they write.

Source: `kubectl rollout status`,
https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_status/
"""

from learnflow_infra.conditions import condition, describe, holds
from learnflow_infra.fields import at, count, part, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import Status, current, failed, progress


def deployment(obj: Object) -> Status:
    """Current with every replica updated and available, and no old one left.

    A paused one is current: its pods stay as they are until somebody resumes it.
    """
    if at(obj, "spec", "paused") is True:
        ready, desired = count(obj, "status", "updatedReplicas"), _desired(obj)
        return current(f"paused, {ready} of {desired} replicas updated")
    stuck = condition(obj, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return failed(text(stuck, "message", default="progress deadline exceeded"))
    result = _counted(
        obj, updated="updatedReplicas", ready="availableReplicas", desired=_desired(obj)
    )
    untrue = [c for c in (condition(obj, "Available"), stuck) if c.get("status") == "False"]
    return progress(describe(untrue[0])) if result.ready and untrue else result


def replica_set(obj: Object) -> Status:
    """Of a ReplicationController, too. A ReplicaSet of an old revision has 0 desired replicas."""
    result = _counted(obj, updated="replicas", ready="availableReplicas", desired=_desired(obj))
    failing = result.ready and holds(obj, "ReplicaFailure")
    return progress(describe(condition(obj, "ReplicaFailure"))) if failing else result


def stateful_set(obj: Object) -> Status:
    """Current with every replica ready, and those above the partition updated.

    With `OnDelete`, a pod is updated only when somebody deletes it, so that pods of an older
    revision are current.
    """
    ready = "availableReplicas" if count(obj, "spec", "minReadySeconds") else "readyReplicas"
    desired, partition = _desired(obj), count(obj, "spec", *_PARTITION)
    if _on_delete(obj):
        return _counted(obj, updated="replicas", ready=ready, desired=desired)
    due = max(desired - partition, 0)
    status = part(obj, "status")
    rolling = status.get("currentRevision") != status.get("updateRevision")
    updated = "updatedReplicas" if rolling or "updatedReplicas" in status else "currentReplicas"
    result = _counted(obj, updated=updated, ready=ready, desired=desired, due=due)
    if desired and not partition and result.ready and rolling:
        return progress("rolling to a new revision")
    return result


def daemon_set(obj: Object) -> Status:
    """Current with an updated and available pod on every node that should have one."""
    updated = "currentNumberScheduled" if _on_delete(obj) else "updatedNumberScheduled"
    if at(obj, "status", "desiredNumberScheduled") is None:
        return progress("not observed by its controller yet")
    desired = count(obj, "status", "desiredNumberScheduled")
    return _counted(obj, updated=updated, ready="numberAvailable", desired=desired)


_PARTITION = ("updateStrategy", "rollingUpdate", "partition")


def _desired(obj: Object) -> int:
    return count(obj, "spec", "replicas", default=1)


def _on_delete(obj: Object) -> bool:
    return text(obj, "spec", "updateStrategy", "type") == "OnDelete"


def _counted(
    obj: Object, *, updated: str, ready: str, desired: int, due: int | None = None
) -> Status:
    """The status by counts; `due` replicas have to be updated, by default all."""
    if at(obj, "status", "observedGeneration") is None:
        return progress("not observed by its controller yet")
    due = desired if due is None else due
    if count(obj, "status", updated) < due:
        what = "created" if updated == "replicas" else "updated"
        return progress(f"{count(obj, 'status', updated)} of {due} replicas {what}{_why(obj)}")
    in_use = min(count(obj, "status", key) for key in (ready, *_also_ready(obj)))
    if in_use < desired:
        return progress(f"{in_use} of {desired} replicas ready{_why(obj)}")
    extra = count(obj, "status", "replicas") - desired
    if extra > 0:
        return progress(f"{extra} replicas too many")
    return current(f"{desired} of {desired} replicas ready")


def _also_ready(obj: Object) -> list[str]:
    """The count of ready pods, which an older count of available ones may exceed."""
    return [key for key in ("readyReplicas", "numberReady") if key in part(obj, "status")]


def _why(obj: Object) -> str:
    if holds(obj, "ReplicaFailure"):
        return f": {text(condition(obj, 'ReplicaFailure'), 'message')}"
    return ""
