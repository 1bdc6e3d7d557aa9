"""The status of kinds without rules of their own, by conditions that most controllers write.

Sources: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions, the
conventions of https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md,
and `status.parents` and `ancestors` of https://gateway-api.sigs.k8s.io/guides/implementers/.
"""

import re
from collections.abc import Iterator, Mapping

from learnflow_infra.conditions import describe, is_true
from learnflow_infra.fields import at, count, items, part, text
from learnflow_infra.objects import Condition, Object
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.readiness.states import Status, current, failed, is_deleted, progress
from learnflow_infra.readiness.status import counts, phases

_DATA: Mapping[str, str] = {
    "monitoring.coreos.com": (
        "ServiceMonitor PodMonitor PrometheusRule Probe ScrapeConfig AlertmanagerConfig"
    ),
    "argoproj.io": (
        "AppProject WorkflowTemplate ClusterWorkflowTemplate AnalysisTemplate"
        " ClusterAnalysisTemplate"
    ),
    "tekton.dev": "Task Pipeline StepAction",
    "notification.toolkit.fluxcd.io": "Alert Provider",
    "keda.sh": "TriggerAuthentication ClusterTriggerAuthentication",
    "gateway.networking.k8s.io": "ReferenceGrant",
    "apiextensions.crossplane.io": "Composition",
    "k8s.cni.cncf.io": "NetworkAttachmentDefinition",
    "secrets-store.csi.x-k8s.io": "SecretProviderClass",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass",
    "linkerd.io": "ServiceProfile",
    **dict.fromkeys(("traefik.io", "traefik.containo.us", "crd.projectcalico.org"), "*"),
    **{f"{group}.istio.io": "*" for group in ("networking", "security", "telemetry")},
}
"""By group, kinds ("*": all) that others only read: no status follows."""
_LATE = "its operator has not observed the newest spec yet"
_FAILURE = re.compile(
    r"Stalled|Degraded|ErrorOccurred|Invalid|InvalidSpec|Irreconcilable"
    r"|(?:\S*/)?\w*(?:Failed|Failure|Error|Errored|Unhealthy|Conflict)"
)
"""Types of conditions that are True only while something is wrong."""
_STOPPED = re.compile(r"DeadlineExceeded|Abort|Fail|Error")
"""Reasons of a condition `Progressing` that is False."""
_UNDER_WAY = re.compile(
    r"Rolling(?:Out|Update)|Scaling(?:Up|Down)?|\w+Progressing|In-?[Pp]rogress"
    r"|(?:\S*/)?\w*(?:Updat|Upgrad|Creat|Install|Provision|Deploy|Delet|Start|Restart|Initializ"
    r"|Bootstrapp|Build|Unpack|Download|Sync|Migrat|Recover|Restor|Remediat|Rebalanc|Resiz"
    r"|Expand|Configur|Reconcil|Apply|Drain|Join)ing"
    r"|Running=Running|\w*Pending=Installing"
    r"|Progressing=(?:InProgress|Replica(?:Set|tionController)(?:Created|Updated))"
)
"""Types of conditions (or type and reason) that are True only while something is being done."""
_READY = ("ready", "available")
_STEP = re.compile(
    r"Accepted|Admitted|Programmed|ResolvedRefs|Installed|Launched|Reconciled|Deployed|Configured"
    r"|Established|Initialized|Scheduled|Registered|Provisioned|Created|Built|Downloaded|Connected"
    r"|Attached|Bound|Verified|Validated|Issued|Joined|Started|Online|Operational|Functional"
    r"|Reachable|Serving|UpToDate|Success|Completed?|\w*(?:Succeeded|Successful|Valid|InSync)"
    r"|\w+(?<!Not)(?<!Partially)(?:Ready|Available)|\w*(?:Healthy|Synced|Synchronized|Applied)"
)
"""Types of conditions that a resource needs where it has no condition `Ready` or `Available`."""
_FAILED = re.compile(
    r"(?:failed|failure|error|backoff|notfound|notready|unavailable|timeout)$", re.IGNORECASE
)
"""Reasons of a condition that is False and should be True."""
_NEEDED = {"Synced", "Reconciled", "ReconcileSuccess", "LastAsyncOperation"}
"""Types of conditions that tell of the newest spec, where `Ready` tells of what was made before."""
_EMPTY: tuple[object, ...] = (None, "", [], {})
"""Fields of a status that say nothing yet; a number or False does say something."""


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
    )
    return next(filter(None, rules), None) or _rest(obj)


def _rest(obj: Object) -> Status:
    """The status by what the operator writes beside conditions."""
    return counts.compute(obj) or phases.compute(obj)


def refuses(obj: Object) -> bool:
    """Whether the operator refuses the spec: a failure of another kind may heal."""
    types = {item.get("type") for item in _conditions(obj) if _fails(item)}
    return types == {"Stalled"} or not (types or phases.compute(obj).state == "Failed")


def silent(obj: Object) -> bool:
    """Whether it is a custom resource whose operator has not written a status yet.

    One that is being deleted is not: it waits for its finalizers, however long.
    """
    group, kind = group_of(text(obj, "apiVersion")), text(obj, "kind")
    data = {kind, "*"} & set(_DATA.get(group, "").split())
    if data or not is_custom(group) or is_deleted(obj):
        return False
    if at(obj, "spec", "parentRefs"):  # a gateway has to take it
        return False
    status = part(obj, "status")
    return all(status[key] in _EMPTY for key in status)


def _conditions(obj: Object) -> Iterator[Condition]:
    """The conditions of the object and of its listeners, and those that others write about it."""
    yield from items(obj, "status", "conditions")
    for key in ("parents", "ancestors", "listeners", "ingress"):
        for parent in items(obj, "status", key):
            yield from items(parent, "conditions")


def _fails(item: Condition) -> bool:
    if item.get("type") == "Progressing" and _is_false(item):
        return bool(_STOPPED.search(text(item, "reason")))
    return is_true(item) and bool(_FAILURE.fullmatch(text(item, "type")))


def _outdated(obj: Object, item: Condition) -> bool:
    return 0 < count(item, "observedGeneration") < count(obj, "metadata", "generation")


def _reconciling(known: list[Condition]) -> Status | None:
    running = next(filter(_is_under_way, known), None)
    return progress(describe(running)) if running else None


def _is_under_way(item: Condition) -> bool:
    name = text(item, "type")
    known = _UNDER_WAY.fullmatch(name) or _UNDER_WAY.fullmatch(f"{name}={text(item, 'reason')}")
    return is_true(item) and bool(known)


def _undone(known: list[Condition]) -> Status | None:
    """In progress while the newest spec could not be applied, whatever was ready before."""
    item = next((c for c in known if text(c, "type") in _NEEDED and _is_false(c)), None)
    return progress(describe(item)) if item else None


def _is_false(item: Condition) -> bool:
    return str(item.get("status")).lower() == "false"


def _ready(obj: Object, conditions: list[Condition]) -> Status | None:
    """The status by `Ready`, or else `Available`; None where it has neither."""
    named = {text(item, "type").lower(): item for item in reversed(conditions)}
    name = next(filter(named.get, _READY), "")
    if not name:
        unready = next((c for k, c in named.items() if is_true(c) and _is_unready(k)), None)
        return progress(describe(unready)) if unready else None
    if _outdated(obj, named[name]):
        return progress(_LATE)
    if not is_true(named[name]):
        return progress(describe(named[name]))
    rest = _rest(obj)  # a rollout is available before it has come to its end
    return rest if name == "available" and not rest.ready else current("ready")


def _is_unready(name: str) -> bool:
    """Whether a type is True in place of a condition `Ready` that is False."""
    return name.endswith("notready") or (phases.is_early(name) and not name.startswith("wait"))


def _steps(obj: Object, conditions: list[Condition]) -> Status | None:
    """In progress while a step is not done, or no gateway has taken the resource."""
    own = items(obj, "status", "conditions")
    for item in filter(_is_step, conditions):
        if item in own and _outdated(obj, item):
            return progress(_LATE)
        if not is_true(item) and not _outdated(obj, item):
            return progress(describe(item))
    return progress("no gateway has accepted it yet") if _awaits_gateway(obj) else None


def _awaits_gateway(obj: Object) -> bool:
    """Whether no parent has conditions about the newest spec; some policies never get any."""
    parents = [item for key in ("parents", "ancestors") for item in items(obj, "status", key)]
    seen = [c for p in parents for c in (items(p, "conditions") if "conditions" in p else [{}])]
    attached = parents or at(obj, "spec", "parentRefs")
    return bool(attached) and all(_outdated(obj, item) for item in seen)


def _is_step(item: Condition) -> bool:
    """Whether its type is that of a step, or it is False because something failed."""
    name = text(item, "type")
    broken = _is_false(item) and _FAILED.search(text(item, "reason"))
    return bool((broken and not _FAILURE.fullmatch(name)) or _STEP.fullmatch(name))
