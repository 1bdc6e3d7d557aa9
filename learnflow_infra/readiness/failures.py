"""The errors in which a wait ends, each with the causes that explain it."""

import dataclasses
from collections.abc import Mapping, Sequence

from learnflow_infra.errors import ClusterUnreachableError, LearnflowError, NotReadyError
from learnflow_infra.models import Release
from learnflow_infra.readiness.causes import Cause, Policy
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.remedy import Command, Remedy, Words, join_lines


class StoppedError(Exception):
    """The wait was stopped, because the run is being interrupted."""


def unreachable(lost: Mapping[str, str], what: str) -> ClusterUnreachableError:
    """The API server was lost while `what`; `lost` are reasons by collection."""
    return ClusterUnreachableError(
        f"The API server was lost while {what}.", why="; ".join(sorted(set(lost.values())))
    )


def grace_over(
    release: Release, namespace: str, top: Cause, policy: Policy, causes: Sequence[Cause]
) -> LearnflowError:
    """The release will not become ready, because the grace of a cause is over."""
    rest = [cause for cause in causes if (cause.code, cause.object) != (top.code, top.object)]
    return failure(
        policy.error,
        f"{release.name} will not become ready: {top.code}.",
        causes=[top, *rest],
        remedy=remedy(top, release, namespace),
    )


def timed_out(
    release: Release, namespace: str, snapshot: Snapshot, causes: Sequence[Cause], timeout: float
) -> LearnflowError:
    """The release was not ready within `timeout` seconds; names what no cause explains."""
    explained = {cause.object for cause in causes}
    waiting = [f"{name}: {text}" for name, text in snapshot.unready() if name not in explained]
    return failure(
        NotReadyError,
        f"{release.name} is not ready after {timeout:.0f} s.",
        why="\n".join(waiting),
        causes=causes,
        remedy=remedy(causes[0] if causes else None, release, namespace),
    )


def remedy(cause: Cause | None, release: Release, namespace: str) -> Words:
    """The cause's own remedy, and the command that looks for causes again."""
    again = Command("diagnose", release.skill, "-n", namespace)
    return join_lines(cause.remedy if cause else "", Remedy("Look again: ", again))


def failure(
    kind: type[LearnflowError],
    what: str,
    *,
    causes: Sequence[Cause],
    why: Words = "",
    remedy: Words,
) -> LearnflowError:
    """An error whose `why` begins with its causes; the first cause's remedy is left to `remedy`."""
    first = [dataclasses.replace(cause, remedy="") for cause in causes[:1]]
    explained = [line for cause in [*first, *causes[1:]] for line in cause.lines()]
    documents = [cause.document() for cause in causes]
    return kind(what, why=join_lines(*explained, why), remedy=remedy, causes=documents)
