"""The status of kinds without rules of their own, by conditions that most controllers write.

Sources: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions, the
conventions of https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md,
and `status.parents` and `ancestors` of https://gateway-api.sigs.k8s.io/guides/implementers/.
"""

import re
from collections.abc import Iterator

from learnflow_infra.objects import Condition, Object
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.readiness.states import (
    Status,
    at,
    count,
    current,
    describe,
    failed,
    is_true,
    items,
    part,
    progress,
    text,
)
from learnflow_infra.readiness.status import phases

_DATA = {
    *(("monitoring.coreos.com", f"{kind}Monitor") for kind in ("Service", "Pod")),
    *(("monitoring.coreos.com", kind) for kind in ("PrometheusRule", "Probe", "ScrapeConfig")),
    ("k8s.cni.cncf.io", "NetworkAttachmentDefinition"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
    ("keda.sh", "TriggerAuthentication"),
    *((group, "") for group in ("traefik.io", "traefik.containo.us", "crd.projectcalico.org")),
    *((f"{group}.istio.io", "") for group in ("networking", "security", "telemetry")),
}
"""By group and kind ("": all of the group), resources that others only read: no status follows."""
_LATE = "its operator has not observed the newest spec yet"
_FAILURE = re.compile(
    r"Stalled|Degraded|ErrorOccurred|Invalid|InvalidSpec"
    r"|\w*(?:Failed|Failure|Error|Errored|Unhealthy)"
)
"""Types of conditions that are True only while something is wrong."""
_READY = ("Ready", "Available")
_STEP = re.compile(
    r"Accepted|Admitted|Programmed|ResolvedRefs|Succeeded|Installed|Completed?|Launched"
    r"|Reconciled|Deployed|Configured|Established|Initialized|Scheduled|Registered"
    r"|\w+(?:Ready|Available)|\w*(?:Healthy|Synced|Synchronized|Applied)"
)
"""Types of conditions that a resource needs where it has no condition `Ready` or `Available`."""
_NEEDED = {"Synced", "ReconcileSuccess", "LastAsyncOperation"}
"""Types of conditions that tell of the newest spec, where `Ready` tells of what was made before."""


def compute(obj: Object) -> Status:
    """The status of a custom resource, or of a built-in kind without a rule.

    An object whose status has none of these conditions is current once it exists.
    """
    if silent(obj):
        return progress("its operator has not written a status yet")
    conditions = [*_conditions(obj)]
    known = [item for item in conditions if not _outdated(obj, item)]
    failure = next(filter(_fails, known), None)
    if failure:
        return failed(describe(failure))
    rules = (
        _reconciling(known),
        _undone(known),
        _ready(obj, conditions),
        _steps(obj, conditions),
        _counts(obj),
    )
    return next(filter(None, rules), None) or phases.compute(obj)


def refuses(obj: Object) -> bool:
    """Whether the operator refuses the spec: a failure of another kind may heal."""
    return not any(_fails(item) and item.get("type") != "Stalled" for item in _conditions(obj))


def silent(obj: Object) -> bool:
    """Whether it is a custom resource whose operator has not written a status yet."""
    group, kind = group_of(text(obj, "apiVersion")), text(obj, "kind")
    judged = is_custom(group) and not _DATA & {(group, kind), (group, "")}
    return judged and not part(obj, "status")


def _conditions(obj: Object) -> Iterator[Condition]:
    """The conditions of the object and of its listeners, and those that others write about it."""
    yield from items(obj, "status", "conditions")
    for key in ("parents", "ancestors", "listeners", "ingress"):
        for parent in items(obj, "status", key):
            yield from items(parent, "conditions")


def _fails(item: Condition) -> bool:
    stopped = item.get("reason") == "ProgressDeadlineExceeded"
    return stopped or (is_true(item) and bool(_FAILURE.fullmatch(text(item, "type"))))


def _outdated(obj: Object, item: Condition) -> bool:
    return 0 < count(item, "observedGeneration") < count(obj, "metadata", "generation")


def _reconciling(known: list[Condition]) -> Status | None:
    running = next((c for c in known if c.get("type") == "Reconciling" and is_true(c)), None)
    return progress(describe(running)) if running else None


def _undone(known: list[Condition]) -> Status | None:
    """In progress while the newest spec could not be applied, whatever was ready before."""
    item = next((c for c in known if text(c, "type") in _NEEDED and _is_false(c)), None)
    return progress(describe(item)) if item else None


def _is_false(item: Condition) -> bool:
    return str(item.get("status")).lower() == "false"


def _ready(obj: Object, conditions: list[Condition]) -> Status | None:
    """The status by `Ready`, or else `Available`; None where it has neither."""
    named = {text(item, "type"): item for item in reversed(conditions)}
    ready = next((named[name] for name in _READY if name in named), None)
    if ready is None:
        return None
    if _outdated(obj, ready):
        return progress(_LATE)
    if not is_true(ready):
        return progress(describe(ready))
    phase = phases.compute(obj)  # a rollout is available before it has come to its end
    return phase if ready.get("type") == "Available" and not phase.ready else current("ready")


def _steps(obj: Object, conditions: list[Condition]) -> Status | None:
    """In progress while a step is not done, or no gateway has taken the resource."""
    own = items(obj, "status", "conditions")
    for item in (item for item in conditions if _STEP.fullmatch(text(item, "type"))):
        if item in own and _outdated(obj, item):
            return progress(_LATE)
        if not is_true(item) and not _outdated(obj, item):
            return progress(describe(item))
    waits = at(obj, "spec", "parentRefs") and not items(obj, "status", "parents")
    return progress("no gateway has accepted it yet") if waits else None


def _counts(obj: Object) -> Status | None:
    if False in (at(obj, "status", key) for key in ("ready", "readyToUse")):
        return progress("its status says that it is not ready")
    ready, desired = at(obj, "status", "readyReplicas"), at(obj, "spec", "replicas")
    if isinstance(ready, int) and isinstance(desired, int) and ready < desired:
        return progress(f"{ready} of {desired} replicas ready")
    return None
