"""Error classes: each carries its exit code, what happened, why, and the next command to type."""

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXIT_INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT), as shells report it."""


class LearnflowError(Exception):
    """An error that a person can act on.

    Args:
        what: one sentence, what happened.
        why: the cause or the evidence; may span lines.
        remedy: what to type or change next.
    """

    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "bug"

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.causes: Sequence[Mapping[str, Any]] = ()
        """The causes behind `why` as plain documents, the worst first; see readiness.causes."""

    def __str__(self) -> str:
        """All three parts, a part a line, empty ones left out."""
        return "\n".join(part for part in (self.what, self.why, self.remedy) if part)


class UsageError(LearnflowError):
    """The command line itself is wrong."""

    exit_code = 2
    title = "usage"


class InputError(LearnflowError):
    """A skill, a values file or an option's value is malformed or unknown."""

    exit_code = 3
    title = "input"


class ClusterUnreachableError(LearnflowError):
    """No API server answers, or the context does not exist."""

    exit_code = 4
    title = "cluster unreachable"


class ArtifactError(LearnflowError):
    """A chart or an image cannot be obtained or built."""

    exit_code = 5
    title = "chart or image not obtainable"


class ReleaseFailedError(LearnflowError):
    """Helm could not install, upgrade or remove a release."""

    exit_code = 6
    title = "release failed"


class NotReadyError(LearnflowError):
    """Something was not ready before its timeout."""

    exit_code = 7
    title = "not ready in time"


class VerificationError(LearnflowError):
    """A verification check did not hold."""

    exit_code = 8
    title = "verification failed"


class LockedError(LearnflowError):
    """Another run is changing the same thing."""

    exit_code = 9
    title = "locked"


class RefusedError(LearnflowError):
    """Going on would risk data or reach a place that nobody named."""

    exit_code = 10
    title = "refused for safety"


class FoundationError(LearnflowError):
    """The foundation gate failed: the cluster or this checkout lacks what a deploy needs."""

    exit_code = 11
    title = "foundation check failed"


class HostError(LearnflowError):
    """This machine cannot run the embedded cluster as it is."""

    exit_code = 12
    title = "host cannot run the embedded cluster"
