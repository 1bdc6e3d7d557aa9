"""Secrets and ConfigMaps, or keys in them, that a pod refers to and that do not exist."""

import re

from learnflow_infra.masking import masked
from learnflow_infra.objects import ContainerStatus, Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.groups import group_of, is_custom

_ABSENT = re.compile(
    r"(?P<kind>secret|configmap) \"(?P<name>[^\"]+)\" not found"
    r"|key (?P<env_key>\S+) in (?P<env_kind>Secret|ConfigMap) (?P<env_name>\S+)"
    r"|volume \"(?P<volume>[^\"]+)\" : (?:configmap )?references non-existent"
    r" (?P<volume_kind>secret|config) key: (?P<volume_key>\S+)",
    re.IGNORECASE,
)
"""Messages of the kubelet: of an object, of a key for a variable, of a key for a volume."""
_UNREAD = re.compile(r"failed to sync \S+ cache")
_PATIENCE = 180.0
"""Seconds in which an operator makes the Secret of a certificate or of a user."""
_KINDS = {
    "secret": (Code.MissingSecret, "Secret"),
    "configmap": (Code.MissingConfigMap, "ConfigMap"),
    "config": (Code.MissingConfigMap, "ConfigMap"),
}


def names_absent_config(message: str) -> bool:
    """Whether the kubelet's message names a Secret, ConfigMap or key that does not exist."""
    return bool(_ABSENT.search(message))


def absent_config(
    facts: Facts, pod: Object, message: str, item: ContainerStatus | None = None
) -> Cause:
    """The cause for a kubelet's message about the configuration of a pod or of its container."""
    code, summary, remedy = _explained(message, facts.evidence.namespace)
    return Cause(
        code=code,
        object=reference(pod),
        container=item["name"] if item else "",
        message=summary,
        evidence=(f"kubelet: {masked(' '.join(message.split()))}",),
        remedy=remedy,
        grace=_PATIENCE if _may_be_created(facts) else 0.0,
    )


def _may_be_created(facts: Facts) -> bool:
    """Whether an operator is still at work for the release: it may create what is absent."""
    return any(is_custom(group_of(obj["apiVersion"])) for obj, _ in facts.unready())


def _explained(message: str, namespace: str) -> tuple[Code, str, str]:
    """Code, summary and remedy."""
    match = _ABSENT.search(message)
    if _UNREAD.search(message):
        remedy = "The kubelet tries again by itself; see its node and the API server if it lasts."
        return Code.ContainerCannotStart, "the kubelet has not read its settings yet", remedy
    if not match:
        remedy = "Correct its settings in your values."
        return Code.ContainerCannotStart, "the container's settings are wrong", remedy
    parts = match.groupdict(default="")
    code, kind = _KINDS[(parts["kind"] or parts["env_kind"] or parts["volume_kind"]).lower()]
    name = parts["name"] or parts["env_name"].rpartition("/")[2]
    name = name or f"of the volume {parts['volume']}"
    key = parts["env_key"] or parts["volume_key"]
    summary = f"{f'the key {key} of ' if key else ''}the {kind} {name} does not exist"
    return code, summary, f"Create it: kubectl -n {namespace} create {kind.lower()} …"
