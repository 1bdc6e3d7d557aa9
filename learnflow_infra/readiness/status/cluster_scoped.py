"""The status of claims, of extensions of the API, and of policies of a namespace."""

from learnflow_infra.conditions import condition, describe, holds
from learnflow_infra.fields import at, count, items, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    Status,
    current,
    failed,
    is_deleted,
    progress,
    terminating,
)


def claim(obj: Object) -> Status:
    """Current once it is bound, which may have to wait for the first pod that uses it."""
    phase = text(obj, "status", "phase", default="Pending")
    if phase == "Bound":
        return current("bound")
    if phase == "Lost":
        return failed("its volume is lost")
    return progress("not bound to a volume yet")


def definition(obj: Object) -> Status:
    """Current once the API server serves the CRD's kind."""
    names, established = condition(obj, "NamesAccepted"), condition(obj, "Established")
    if names.get("status") == "False":
        return failed(describe(names))
    if established.get("status") == "True":
        return current("established")
    refused = established.get("status") == "False" and established.get("reason") != "Installing"
    return failed(describe(established)) if refused else progress("being installed")


def api_service(obj: Object) -> Status:
    """Current once the server of the API group answers."""
    available = condition(obj, "Available")
    if not available:
        return progress("not checked by the API server yet")
    return current("available") if holds(obj, "Available") else progress(describe(available))


def namespace(obj: Object) -> Status:
    """Current while it is active; a terminating one names what delays its end."""
    if not is_deleted(obj):
        return current("active")
    conditions = items(obj, "status", "conditions")
    messages = [text(c, "message") for c in conditions if c.get("status") == "True"]
    return terminating("; ".join(filter(None, messages)) or "being deleted")


def disruption_budget(obj: Object) -> Status:
    """Current once its controller has observed it, whatever its pods: as in kstatus."""
    if at(obj, "status", "observedGeneration") is None:
        return progress("not observed by its controller yet")
    allowed = count(obj, "status", "disruptionsAllowed")
    return current(f"{allowed} disruptions allowed")


def autoscaler(obj: Object) -> Status:
    """Current unless its target cannot be scaled; without metrics it does not scale, but works.

    Source of the conditions:
    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    able, active = condition(obj, "AbleToScale"), condition(obj, "ScalingActive")
    if able.get("status") == "False" and text(able, "reason").startswith("Failed"):
        return progress(describe(able))
    if active.get("status") == "False":
        return current(f"not scaling: {describe(active)}")
    return current("scaling" if active else "exists")
