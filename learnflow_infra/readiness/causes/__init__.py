"""Pure: objects, events, container states and log tails to causes, the root first."""

from collections.abc import Sequence

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import NEVER, POLICIES, Policy, policy
from learnflow_infra.readiness.evidence import Evidence

__all__ = ["NEVER", "POLICIES", "Cause", "Policy", "find", "from_checks", "from_refusal", "policy"]


def find(evidence: Evidence, declared: Sequence[DeclaredCause] = ()) -> list[Cause]:
    """Why something is not ready, the root first."""
    return [
        Cause(
            code="NotReady",
            object=f"{obj['kind']}/{obj['metadata']['name']}",
            message=status.message,
        )
        for obj, status in evidence.states
        if not status.ready
    ]


def from_refusal(text: str) -> Cause | None:
    """The cause in the words by which helm or the API server refused."""
    return None


def from_checks(messages: Sequence[str], declared: Sequence[DeclaredCause]) -> list[Cause]:
    """The declared causes that the messages of failed verification checks tell."""
    return []
