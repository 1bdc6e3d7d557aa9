"""Objects that the API server rejects, sent by helm or by a controller that creates pods."""

import re
from collections.abc import Iterator

from learnflow_infra.clients.api_errors import ASK
from learnflow_infra.conditions import condition, holds
from learnflow_infra.fields import count, text
from learnflow_infra.masking import masked
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.states import owner_uids
from learnflow_infra.remedy import Command, Remedy, Words

_PHRASES: tuple[tuple[Code, str, str, Words], ...] = (
    (
        Code.QuotaExceeded,
        (
            r"exceeded quota|must specify (?:limits|requests|cpu|memory)|failed quota"
            r"|(?:insufficient|status unknown for) quota"
            r"|(?:maximum|minimum) \S+ usage per|max limit to request ratio"
        ),
        "a quota or limit of the namespace forbids it",
        "See it: kubectl -n {namespace} describe resourcequota,limitrange; then ask for less.",
    ),
    (
        Code.PodSecurityViolation,
        r"violates PodSecurity|unable to validate against any (?:pod )?security (?:context|policy)",
        "the namespace's pod security standard forbids its pods",
        (
            "Set the security contexts in your values, or the namespace's label "
            "pod-security.kubernetes.io/enforce."
        ),
    ),
    (
        Code.AdmissionWebhookUnreachable,
        r"failed calling webhook|conversion webhook for .* failed",
        "an admission webhook does not answer",
        (
            "See which Service it calls: kubectl get validatingwebhookconfigurations,"
            "mutatingwebhookconfigurations"
        ),
    ),
    (
        Code.AdmissionDenied,
        r"denied the request|denied request|ValidatingAdmissionPolicy",
        "an admission policy refuses it",
        "Do what the policy asks for in your values.",
    ),
    (
        Code.MissingServiceAccount,
        r"serviceaccount \"?[^ ]+\"? not found|service account [^ ]+ was not found",
        "its ServiceAccount does not exist",
        "Create it, or let the chart create it: serviceAccount.create=true",
    ),
    (
        Code.ResourceKindUnknown,
        r"no matches for kind|ensure CRDs are installed|could not find the requested resource",
        "the cluster does not know a kind that the chart has",
        "Install its CRD first: deploy the release of its operator.",
    ),
    (
        Code.RightsMissing,
        (
            r"is forbidden: User|cannot (?:create|get|list|patch|update|watch|delete) resource"
            r"|attempting to grant"
        ),
        "this user may not do that",
        ASK,
    ),
    (
        Code.HookFailed,
        r"(?:pre|post)-(?:install|upgrade|rollback|delete)(?: hooks? failed|: )|hooks? failed",
        "a hook of the chart failed",
        "See its job: kubectl -n {namespace} get jobs",
    ),
    (
        Code.ResourceRejected,
        r"cannot be imported into the current release|\b\S+ \"[^\"]+\" already exists",
        "an object of that name exists, and belongs to somebody else",
        Remedy("Rename yours, delete the other, or take it over: ", Command("deploy", "--adopt")),
    ),
    (
        Code.NamespaceBeingDeleted,
        r"because it is being terminated",
        "its namespace is being deleted",
        "Wait until it is gone, or name another: kubectl get namespace {namespace}",
    ),
    (
        Code.ResourceRejected,
        r"conflict occurred while applying|Apply failed with \d+ conflict",
        "somebody else set the same field",
        "Leave the field to them in your values, remove what they set, or add --force-conflicts.",
    ),
    (
        Code.ResourceRejected,
        r"failed to allocate a? ?nodePort|range is full",
        "the cluster has no address or port left for it",
        "Name one that is free in your values, or delete Services that nobody uses.",
    ),
    (
        Code.ResourceRejected,
        (
            r"is invalid:|cannot be handled as|strict decoding error|updates to .* are forbidden"
            r"|field is immutable|admission webhook|unknown field|is forbidden:"
            r"|error validating data|cannot unmarshal|request (?:entity|is) too large"
        ),
        "the API server refuses it as it is written",
        Remedy("Correct the values that it comes from: ", Command("values")),
    ),
)
"""Code, pattern, summary and remedy; the first pattern that matches the message decides."""
_POD_CONTROLLERS = (
    "StatefulSet",
    "ReplicaSet",
    "DaemonSet",
    "Job",
    "ReplicationController",
    *strimzi.POD_SETS,
)
_OBJECT = re.compile(
    r"\b([A-Za-z]+)(?:\.[a-z0-9.]+)? \"([a-z0-9][a-z0-9.-]*)\" is (?:invalid|forbidden)"
)
_WARNING = re.compile(r"^(?:W\d{4} |Warning: |level=(?:WARN|INFO) ).*", re.MULTILINE)
"""What the API server warns of, and does not refuse: helm passes it on."""
_HOOKS = (
    re.compile(r"\* (job|pod) (\S+) failed"),
    re.compile(r"resource (Job|Pod)/[^/\s]*/(\S+) not ready"),
)
"""A hook that failed, in the words of Helm 3 and 4."""


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each controller whose pods or claims are rejected."""
    sets = {uid for obj in facts.objects("ReplicaSet") for uid in owner_uids(obj)}
    for obj, _ in facts.unready(*_POD_CONTROLLERS, "Deployment"):
        if obj["metadata"].get("uid") in sets:
            continue  # it repeats the conditions of its ReplicaSets, of older ones, too
        enough = count(obj, "status", "replicas") >= count(obj, "spec", "replicas", default=1)
        if enough and obj["kind"] not in {"Job", "DaemonSet"}:
            continue
        message = _refused(facts, obj)
        cause = classified(message, facts.evidence.namespace, reference(obj)) if message else None
        if cause:
            yield cause


def _refused(facts: Facts, obj: Object) -> str:
    """Why the newest pod or claim could not be created; events are kept for an hour only."""
    last = facts.events(obj, "FailedCreate", "SuccessfulCreate")[-1:]
    if not last:
        failure = condition(obj, "ReplicaFailure")
        return text(failure, "message") if holds(obj, "ReplicaFailure") else ""
    return message_of(last[0]) if last[0].get("reason") == "FailedCreate" else ""


def from_refusal(message: str, namespace: str = "NAMESPACE") -> Cause | None:
    """The cause for a message of helm or of the API server; None for one without a known phrase."""
    message = _WARNING.sub("", message)
    found = (pattern.search(message) for pattern in (_OBJECT, *_HOOKS))
    match = next(filter(None, found), None)
    name = _name(match) if match else Reference("Release")
    return classified(" ".join(message.split()), namespace, name)


def _name(match: re.Match[str]) -> Reference:
    """`Kind/name`; a plural such as `pods` becomes its kind."""
    kind = match[1] if match[1][0].isupper() else match[1].capitalize().removesuffix("s")
    return refer(kind, match[2])


def classified(message: str, namespace: str, name: Reference) -> Cause | None:
    """The cause of an object for a message of the API server; None without a known phrase."""
    for code, pattern, summary, remedy in _PHRASES:
        if re.search(pattern, message):
            return Cause(
                code=code,
                object=name,
                message=summary,
                evidence=(f"API server: {masked(message)}",),
                remedy=remedy.format(namespace=namespace),
            )
    return None
