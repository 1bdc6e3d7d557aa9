"""Objects that the API server rejects, sent by helm or by a controller that creates pods."""

import re
from collections.abc import Iterator

from learnflow_infra.masking import masked
from learnflow_infra.objects import Reference, refer, reference
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.states import count
from learnflow_infra.remedy import Command, Remedy, Words

_PHRASES: tuple[tuple[Code, str, str, Words], ...] = (
    (
        Code.QuotaExceeded,
        (
            r"exceeded quota|must specify (?:limits|requests|cpu|memory)|failed quota"
            r"|(?:maximum|minimum) \w+ usage per"
        ),
        "a quota or limit of the namespace forbids it",
        "See it: kubectl -n {namespace} describe resourcequota,limitrange; then ask for less.",
    ),
    (
        Code.PodSecurityViolation,
        r"violates PodSecurity",
        "the namespace's pod security standard forbids its pods",
        (
            "Set the security contexts in your values, or the namespace's label "
            "pod-security.kubernetes.io/enforce."
        ),
    ),
    (
        Code.AdmissionWebhookUnreachable,
        r"failed calling webhook",
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
        r"no matches for kind|ensure CRDs are installed first",
        "the cluster does not know a kind that the chart has",
        "Install its CRD first: deploy the release of its operator.",
    ),
    (
        Code.RightsMissing,
        r"is forbidden: User|cannot (?:create|get|list|patch|update|watch|delete) resource",
        "this user may not do that",
        "Ask for the rights: kubectl -n {namespace} auth can-i --list",
    ),
    (
        Code.HookFailed,
        r"(?:pre|post)-(?:install|upgrade|rollback|delete)(?: hooks? failed|: )|hooks? failed",
        "a hook of the chart failed",
        "See its job: kubectl -n {namespace} get jobs",
    ),
    (
        Code.ResourceRejected,
        (
            r"is invalid:|cannot be handled as|strict decoding error|updates to .* are forbidden"
            r"|field is immutable|admission webhook|unknown field|is forbidden:"
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
_HOOK = re.compile(r"\* (job|pod) (\S+) failed")


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each controller whose pods or claims are rejected."""
    for obj, _ in facts.unready(*_POD_CONTROLLERS):
        enough = count(obj, "status", "replicas") >= count(obj, "spec", "replicas", default=1)
        if enough and obj["kind"] not in {"Job", "DaemonSet"}:
            continue
        last = facts.events(obj, "FailedCreate", "SuccessfulCreate")[-1:]
        message = message_of(last[0]) if last and last[0].get("reason") == "FailedCreate" else ""
        cause = _classified(message, facts.evidence.namespace, reference(obj)) if message else None
        if cause:
            yield cause


def from_refusal(message: str, namespace: str = "NAMESPACE") -> Cause | None:
    """The cause for a message of helm or of the API server; None for one without a known phrase."""
    match = _OBJECT.search(message) or _HOOK.search(message)
    name = _name(match) if match else Reference("Release")
    return _classified(" ".join(message.split()), namespace, name)


def _name(match: re.Match[str]) -> Reference:
    """`Kind/name`; a plural such as `pods` becomes its kind."""
    kind = match[1] if match[1][0].isupper() else match[1].capitalize().removesuffix("s")
    return refer(kind, match[2])


def _classified(message: str, namespace: str, name: Reference) -> Cause | None:
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
