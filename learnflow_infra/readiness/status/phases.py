"""The status of custom resources by one word that their operator writes: a phase, or a health.

Sources: the health checks of https://github.com/argoproj/argo-cd/tree/master/resource_customizations,
and the `phase` of CloudNativePG, which is a sentence such as `Setting up primary`.
"""

import re

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import Status, current, failed, part, progress, text

_FIELDS: tuple[tuple[str, ...], ...] = (
    ("phase",),
    ("state",),
    ("currentState",),
    ("currentStatus",),
    ("health", "status"),
    ("applicationState", "state"),
    ("updateStatus",),
    ("lifecycleState",),
)
"""Fields of the status; the first that has a text counts."""
_OTHER = "ClusterStatus"
"""How the name of such a field ends where an operator puts its product before it."""
_BAD = re.compile(r"(?:\w*(?:failed|failure|error)|degraded|invalid)", re.IGNORECASE)
_EARLY = re.compile(r"pending|\w*in-?progress|submitted|missing|new", re.IGNORECASE)
_UNDER_WAY = re.compile(r"\w*?[a-z]ing(?![a-z])|[A-Z]+ING\b")
"""`Creating`, `ApplyingChanges` or `Setting up primary`."""
_WORKS = re.compile(
    r"\w*(?:runn|serv|listen|work|stream|monitor|watch|poll|operat|warn|upgradepend)ing\b",
    re.IGNORECASE,
)
"""What something does that is ready; an upgrade that is pending waits for somebody's approval."""
_ENDS = re.compile(r"(?:Job|Run|Workflow|Experiment|Backup|Task)$")
"""Kinds that are done only when they do not run any more."""


def compute(obj: Object) -> Status:
    """Failed or in progress by the word; current where there is none, or another one."""
    fields = (*_FIELDS, *((key,) for key in part(obj, "status") if key.endswith(_OTHER)))
    word = next(filter(None, (text(obj, "status", *keys) for keys in fields)), "")
    message = ": ".join(filter(None, (word, text(obj, "status", "message"))))
    if _BAD.fullmatch(word):
        healing = "degraded" in word.lower() and not text(obj, "status", "phase")
        return progress(message) if healing else failed(message)
    return progress(message) if _is_early(obj, word) else _by_health(obj)


def _is_early(obj: Object, word: str) -> bool:
    if _WORKS.match(word):
        return bool(_ENDS.search(text(obj, "kind")))
    return bool(_EARLY.fullmatch(word) or _UNDER_WAY.match(word))


def _by_health(obj: Object) -> Status:
    """By the health of Elastic's operators, which is a colour; yellow is that of a single node."""
    health = text(obj, "status", "health")
    return progress(f"health {health}") if health in {"red", "unknown"} else current("exists")
