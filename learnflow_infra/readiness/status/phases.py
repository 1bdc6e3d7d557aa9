"""The status of custom resources by a word that their operator writes.

Sources: the health checks of https://github.com/argoproj/argo-cd/tree/master/resource_customizations,
and the `phase` of CloudNativePG, which is a sentence such as `Setting up primary`.
"""

import re

from learnflow_infra.fields import part, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import Status, current, failed, progress

_FIELDS: tuple[tuple[str, ...], ...] = (
    *((key,) for key in ("phase", "state", "status", "currentState", "currentStatus", "compliant")),
    *(("result",), ("health", "status"), ("jobStatus", "state")),
)
"""Fields of the status; the first that has a text counts."""
_OTHER = re.compile(r"(?!desired|last(?!Operation))\w*(?:Status|State)")
"""How such a field is called where an operator puts its product before it."""
_NESTED = ("state", "status", "phase")
"""Such fields one level below."""
_BAD = re.compile(
    r"(?:\w*(?:failed|failure|error(?:ed)?)|failed\w+|degraded|invalid|rejected|denied|crashed"
    r"|fatal|cancell?ed|aborted|time(?:d-?)?out)(?:\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
_EARLY = re.compile(
    r"pending\w*|\w*in[-_]?progress|submitted|requested|new|init|queued|wait(?:ing|for)\w*"
    r"|missing|lost|incomplete|partial\w*|inconsistent|noncompliant|nonready|out-?of-?sync"
    r"|blocked|stuck|stalled|broken|fault(?:y|ed)|critical|conflict|exhausted|refused|drifted"
    r"|red|down|offline|disconnected|misconfigured|errimagepull|\w*backoff"
    r"|un(?:known|healthy|available|initiali[sz]ed|synced|ready|reachable|bound|schedulable)"
    r"|not(?:ready|reconciled)|(?:.*[\W_])?not[\W_](?!required|needed|applicable).*",
    re.IGNORECASE,
)
_UNDER_WAY = re.compile(r"\w*?[a-z]ing(?![a-z])|[A-Z]+ING\b|Not(?!Required|Needed|App)[A-Z]")
"""`Creating`, `ApplyingChanges`, `Setting up primary` or `NotRunning`."""
_WORKS = re.compile(
    r"(?!not)\w*(?:runn|serv|listen|work|stream|monitor|watch|poll|operat|exist|warn|upgradepend)ing\b|started\b",
    re.IGNORECASE,
)
"""What something does that is ready; an upgrade that is pending waits for somebody's approval."""
_ENDS = re.compile(r"(?:Job|Run|Workflow|Experiment|Backup|Task)$")
"""Kinds that are done only when they do not run any more."""

_ERRORS: tuple[tuple[str, ...], ...] = (
    *((key,) for key in ("error", "errorMessage", "errorDescription", "errMsg")),
    *(("failureMessage",), ("failureReason",), ("error", "message")),
)
"""Texts that are there only while something is wrong; that may heal."""


def compute(obj: Object) -> Status:
    """Failed or in progress by the word; current where there is none, or another."""
    status = part(obj, "status")
    others = [(key,) for key in status if _OTHER.fullmatch(key)]
    nested = [(key, name) for key in status for name in _NESTED if isinstance(status[key], dict)]
    words = (text(status, *keys) for keys in (*_FIELDS, *others, *nested))
    word = next(filter(None, words), "")
    message = ": ".join(filter(None, (word, text(obj, "status", "message"))))
    if _BAD.fullmatch(word):
        healing = "degraded" in word.lower() and not text(obj, "status", "phase")
        return progress(message) if healing else failed(message)
    error = "" if word else next(filter(None, (text(status, *keys) for keys in _ERRORS)), "")
    if error:
        return progress(error)
    return progress(message) if _is_under_way(obj, word) else _by_health(obj)


def _is_under_way(obj: Object, word: str) -> bool:
    if _WORKS.match(word):
        return bool(_ENDS.search(text(obj, "kind")))
    return is_early(word) or bool(_UNDER_WAY.match(word))


def is_early(word: str) -> bool:
    """Whether a word says that something is not there yet, or does not work."""
    return bool(_EARLY.fullmatch(word))


def _by_health(obj: Object) -> Status:
    """By a health that is a colour; yellow is that of a single node of Elasticsearch."""
    health = text(obj, "status", "health") or text(obj, "status", "healthStatus")
    bad = is_early(health) or _BAD.fullmatch(health)
    return progress(f"health {health}") if bad else current("exists")
