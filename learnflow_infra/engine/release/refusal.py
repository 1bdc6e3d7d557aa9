"""Turn a refusal of helm or the API server into an error with its causes."""

import dataclasses
from collections.abc import Sequence

from learnflow_infra.engine.release.state import Observed
from learnflow_infra.errors import InputError, LearnflowError, ReleaseFailedError
from learnflow_infra.models import Release
from learnflow_infra.readiness import causes, failures
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.remedy import Command, Remedy, join_lines


def explained(
    error: ReleaseFailedError, release: Release, namespace: str, hooks: Sequence[Cause] = ()
) -> LearnflowError:
    """An error in the class of the first cause; `error` itself where no cause is known.

    Args:
        error: with helm's stderr in `why`.
        release: the release that was refused.
        namespace: of the release.
        hooks: causes in the objects of the chart's hooks.
    """
    all_causes = _causes(str(error.why), namespace, hooks)
    if not all_causes:
        return error
    top = all_causes[0]
    policy = causes.policy(top.code, release.grace, release.causes)
    return failures.failure(
        policy.error,
        f"{release.name} could not be deployed: {top.code}.",
        why=error.why,
        causes=all_causes,
        remedy=failures.remedy(top, release, namespace),
    )


def with_way_back(error: InputError, release: Release, observed: Observed) -> InputError:
    """A chart's refusal of its values; after a failed revision, also how to go back.

    A chart may compare its values with live objects (`lookup`), which that revision has changed.
    """
    if observed.deployed is None or not observed.attempts:
        return error
    number = observed.attempts[0].revision
    back = Remedy(
        f"If revision {number}, which failed, is the reason, go back first: ",
        Command("rollback", release.skill),
    )
    return InputError(error.what, why=error.why, remedy=join_lines(error.remedy, back))


def _causes(stderr: str, namespace: str, hooks: Sequence[Cause]) -> list[Cause]:
    """The cause in helm's stderr; where that is a failed hook, the cause in its objects."""
    refused = causes.from_refusal(stderr, namespace)
    if refused is None:
        return [*hooks]
    if not hooks or refused.code != Code.HookFailed:
        return [refused, *hooks]
    first, *rest = hooks
    message = f"{refused.message}: {first.message}"
    return [dataclasses.replace(first, code=Code.HookFailed, message=message), *rest]
