"""Controllers of pods, by the counts that they write.

Source: `kubectl rollout status`,
https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_status/
"""

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    Status,
    at,
    condition,
    count,
    current,
    failed,
    holds,
    part,
    progress,
    text,
)


def deployment(obj: Object) -> Status:
    """Every replica updated and available, and no older one left."""
    stuck = condition(obj, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return failed(text(stuck, "message", default="progress deadline exceeded"))
    return _counted(obj, updated="updatedReplicas", ready="availableReplicas", wanted=_wanted(obj))


def replica_set(obj: Object) -> Status:
    """Of a ReplicationController too; one of an older revision wants no replica."""
    return _counted(obj, updated="replicas", ready="availableReplicas", wanted=_wanted(obj))


def stateful_set(obj: Object) -> Status:
    """Every replica ready, and those above the partition updated.

    With `OnDelete`, pods are replaced when somebody deletes them: being of an older revision
    is then as the spec asks.
    """
    ready = "availableReplicas" if count(obj, "spec", "minReadySeconds") else "readyReplicas"
    wanted, partition = _wanted(obj), count(obj, "spec", *_PARTITION)
    if _on_delete(obj):
        return _counted(obj, updated="replicas", ready=ready, wanted=wanted)
    due = max(wanted - partition, 0)
    result = _counted(obj, updated="updatedReplicas", ready=ready, wanted=wanted, due=due)
    status = part(obj, "status")
    rolling = status.get("currentRevision") != status.get("updateRevision")
    if wanted and not partition and result.ready and rolling:
        return progress("rolling to a new revision")
    return result


def daemon_set(obj: Object) -> Status:
    """A pod, updated and available, on every node that should have one."""
    updated = "currentNumberScheduled" if _on_delete(obj) else "updatedNumberScheduled"
    wanted = count(obj, "status", "desiredNumberScheduled")
    return _counted(obj, updated=updated, ready="numberAvailable", wanted=wanted)


_PARTITION = ("updateStrategy", "rollingUpdate", "partition")


def _wanted(obj: Object) -> int:
    return count(obj, "spec", "replicas", default=1)


def _on_delete(obj: Object) -> bool:
    return text(obj, "spec", "updateStrategy", "type") == "OnDelete"


def _counted(
    obj: Object, *, updated: str, ready: str, wanted: int, due: int | None = None
) -> Status:
    """By counts of the status; `due` are those that have to be updated, mostly all."""
    if at(obj, "status", "observedGeneration") is None:
        return progress("not seen by its controller yet")
    due = wanted if due is None else due
    if count(obj, "status", updated) < due:
        what = "created" if updated == "replicas" else "updated"
        return progress(f"{count(obj, 'status', updated)} of {due} replicas {what}{_why(obj)}")
    if count(obj, "status", ready) < wanted:
        return progress(f"{count(obj, 'status', ready)} of {wanted} replicas ready{_why(obj)}")
    extra = count(obj, "status", "replicas") - wanted
    if extra > 0:
        return progress(f"{extra} replicas too many")
    return current(f"{wanted} of {wanted} replicas ready")


def _why(obj: Object) -> str:
    if holds(obj, "ReplicaFailure"):
        return f": {text(condition(obj, 'ReplicaFailure'), 'message')}"
    return ", paused" if at(obj, "spec", "paused") is True else ""
