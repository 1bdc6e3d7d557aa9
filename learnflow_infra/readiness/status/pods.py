"""The status of pods, Jobs and CronJobs."""

from learnflow_infra.conditions import condition, holds
from learnflow_infra.fields import at, part, text
from learnflow_infra.objects import ContainerStatus, Object
from learnflow_infra.readiness.states import (
    STARTING,
    Status,
    containers,
    current,
    failed,
    progress,
    unknown,
)


def pod(obj: Object) -> Status:
    """Current once it has completed, or has the condition Ready (with its readiness gates)."""
    phase = text(obj, "status", "phase", default="Pending")
    if phase == "Succeeded":
        return current("completed")
    if phase == "Failed":
        return failed(_failure(obj))
    if phase == "Unknown":
        return unknown(text(obj, "status", "message", default="its node does not answer"))
    return current("ready") if holds(obj, "Ready") else progress(_waits(obj))


def job(obj: Object) -> Status:
    """Current once it is complete; a suspended one is current, too, and starts no pod."""
    if holds(obj, "Failed"):
        return failed(text(condition(obj, "Failed"), "message", default="failed"))
    if holds(obj, "Complete"):
        return current("complete")
    if holds(obj, "Suspended") or at(obj, "spec", "suspend") is True:
        return current("suspended")
    if holds(obj, "FailureTarget"):
        return progress(f"failing: {text(condition(obj, 'FailureTarget'), 'message')}")
    return progress("running" if text(obj, "status", "startTime") else "not started yet")


def cron_job(obj: Object) -> Status:
    """Current once it exists: it makes Jobs by its schedule."""
    if at(obj, "spec", "suspend") is True:
        return current("suspended")
    last = text(obj, "status", "lastScheduleTime")
    return current(f"last scheduled {last}" if last else "not scheduled yet")


def _failure(obj: Object) -> str:
    """The kubelet's message, or else how the first failed container ended."""
    message = text(obj, "status", "message") or text(obj, "status", "reason")
    return message or next(filter(None, map(_ended, containers(obj))), "failed")


def _waits(obj: Object) -> str:
    unscheduled = condition(obj, "PodScheduled")
    if unscheduled.get("status") == "False":
        return text(unscheduled, "message", default="not scheduled")
    reasons = [reason for item in containers(obj) if (reason := _waiting(item) or _ended(item))]
    reasons.sort(key=lambda reason: reason.endswith(STARTING))  # other reasons are preferred
    return reasons[0] if reasons else text(condition(obj, "Ready"), "message", default="starting")


def _waiting(item: ContainerStatus) -> str:
    if not at(item, "state", "waiting"):
        return ""
    return f"container {item.get('name')}: {text(item, 'state', 'waiting', 'reason') or 'waiting'}"


def _ended(item: ContainerStatus) -> str:
    ended = part(item, "state", "terminated")
    if not ended.get("exitCode"):
        return ""
    reason = text(ended, "reason", default="failed")
    return f"container {item.get('name')}: {reason}, exit code {ended['exitCode']}"
