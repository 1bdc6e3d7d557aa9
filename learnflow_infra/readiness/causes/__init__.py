"""Pure: objects, events, container states and log tails to causes, the root first."""

from collections.abc import Sequence

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import (
    containers,
    image_pulls,
    log_patterns,
    nodes,
    operators,
    others,
    ranking,
    refusals,
    scheduling,
    volumes,
)
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import (
    NEVER,
    CauseCode,
    Code,
    DeclaredCode,
    Policy,
    policy,
)
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.causes.log_patterns import from_checks
from learnflow_infra.readiness.causes.ranking import ordered
from learnflow_infra.readiness.causes.refusals import from_refusal
from learnflow_infra.readiness.evidence import Evidence

__all__ = [
    "NEVER",
    "Cause",
    "CauseCode",
    "Code",
    "DeclaredCode",
    "Policy",
    "explain",
    "from_checks",
    "from_refusal",
    "ordered",
    "policy",
]

_TOPICS = (nodes, operators, refusals, volumes, image_pulls, scheduling, containers, others)


def explain(evidence: Evidence, declared: Sequence[DeclaredCause] = ()) -> list[Cause]:
    """Why something is not ready: the root first, and one cause for all replicas with it.

    Args:
        evidence: objects, events and logs.
        declared: causes that the skill declares by patterns for log lines.
    """
    facts = Facts(evidence)
    causes = [cause for topic in _TOPICS for cause in topic.explain(facts)]
    causes += log_patterns.explain(facts, declared)
    return ranking.ranked(facts, causes)
