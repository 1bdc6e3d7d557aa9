"""The status of custom resources by counts, or by a word that their operator writes.

Sources: the health checks of https://github.com/argoproj/argo-cd/tree/master/resource_customizations,
and the `phase` of CloudNativePG, which is a sentence such as `Setting up primary`.
"""

import re
from collections.abc import Iterator

from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.states import Status, current, failed, part, progress, text

_FIELDS: tuple[tuple[str, ...], ...] = (
    *((key,) for key in ("phase", "state", "status", "currentState", "currentStatus", "compliant")),
    *(("health", "status"), ("jobStatus", "state")),
)
"""Fields of the status; the first that has a text counts."""
_OTHER = re.compile(r"(?!desired|last(?!Operation))\w*(?:Status|State)")
"""How such a field is called where an operator puts its product before it."""
_NESTED = ("state", "status", "phase")
"""Such fields one level below."""
_BAD = re.compile(
    r"(?:\w*(?:failed|failure|error(?:ed)?)|failed\w+|degraded|invalid|rejected|cancell?ed|aborted)"
    r"(?:\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
_EARLY = re.compile(
    r"pending\w*|\w*in-?progress|submitted|missing|new|not\W?(?:ready|reconciled)|waiting\w*"
    r"|unhealthy|unavailable|noncompliant|\w*backoff|(?:.*[\W_])?not[\W_](?!required|needed|applicable).*",
    re.IGNORECASE,
)
_UNDER_WAY = re.compile(r"\w*?[a-z]ing(?![a-z])|[A-Z]+ING\b")
"""`Creating`, `ApplyingChanges` or `Setting up primary`."""
_WORKS = re.compile(
    r"\w*(?:runn|serv|listen|work|stream|monitor|watch|poll|operat|exist|warn|upgradepend)ing\b|started\b",
    re.IGNORECASE,
)
"""What something does that is ready; an upgrade that is pending waits for somebody's approval."""
_ENDS = re.compile(r"(?:Job|Run|Workflow|Experiment|Backup|Task)$")
"""Kinds that are done only when they do not run any more."""


_FLAGS = ("ready", "readyToUse", "healthy", "applied")
"""Fields of the status that are False, or the count 0, while it is not ready."""
_COUNTS = (
    *(("readyReplicas", "replicas"), ("updatedReadyReplicas", "updatedReplicas")),
    *(("readyInstances", "instances"), ("availableNodes", "expectedNodes")),
    *(("currentHealthy", "expectedMachines"), ("availableReplicas", "replicas")),
    *((key, "desiredNumberScheduled") for key in ("numberReady", "numberAvailable")),
)
"""Counts of the status, each with the count of the spec or status that it has to reach."""
_COUNTED = re.compile(r"ready|replicas|available|healthy", re.IGNORECASE)
_FRACTION = re.compile(r"(\d+)/(\d+)")
"""As in `readyReplicas: 1/3`, which some operators write for `kubectl get`."""
_ERRORS = ("error", "errorMessage", "errorDescription", "errMsg", "failureMessage", "failureReason")
"""Texts that are there only while something is wrong; that may heal."""


def compute(obj: Object) -> Status:
    """Failed or in progress by a count or the word; current where there is none, or another."""
    return _by_counts(obj) or _by_word(obj)


def _by_counts(obj: Object) -> Status | None:
    status, spec = part(obj, "status"), part(obj, "spec")
    if False in (status.get(key) for key in _FLAGS):
        return progress("its status says that it is not ready")
    for name, total in _COUNTS:
        number, desired = status.get(name), spec.get(total, status.get(total))
        if isinstance(number, int) and isinstance(desired, int) and number < desired:
            return progress(f"{name}: {number} of {desired}")
    return next(map(progress, _fractions(status)), None)


def _fractions(status: Fields) -> Iterator[str]:
    """Texts such as `1/3` that fall short, of the status and one level below."""
    for field in (status, *(value for value in status.values() if isinstance(value, dict))):
        for key, value in field.items():
            match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
            if match and _COUNTED.search(key) and int(match[1]) < int(match[2]):
                yield f"{key}: {value}"


def _by_word(obj: Object) -> Status:
    status = part(obj, "status")
    others = [(key,) for key in status if _OTHER.fullmatch(key)]
    nested = [(key, name) for key in status for name in _NESTED if isinstance(status[key], dict)]
    words = (text(status, *keys) for keys in (*_FIELDS, *others, *nested))
    word = next(filter(None, words), "")
    message = ": ".join(filter(None, (word, text(obj, "status", "message"))))
    if _BAD.fullmatch(word):
        healing = "degraded" in word.lower() and not text(obj, "status", "phase")
        return progress(message) if healing else failed(message)
    error = "" if word else next(filter(None, (text(status, key) for key in _ERRORS)), "")
    if error:
        return progress(error)
    return progress(message) if _is_early(obj, word) else _by_health(obj)


def _is_early(obj: Object, word: str) -> bool:
    if _WORKS.match(word):
        return bool(_ENDS.search(text(obj, "kind")))
    return bool(_EARLY.fullmatch(word) or _UNDER_WAY.match(word))


def _by_health(obj: Object) -> Status:
    """By a health that is a colour; yellow is that of a single node of Elasticsearch."""
    health = text(obj, "status", "health") or text(obj, "status", "healthStatus")
    return progress(f"health {health}") if health in {"red", "unknown"} else current("exists")
