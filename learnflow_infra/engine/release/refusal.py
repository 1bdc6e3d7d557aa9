"""What helm or the API server refused, explained by its cause."""

import dataclasses
from collections.abc import Sequence

from learnflow_infra.errors import LearnflowError, ReleaseFailedError
from learnflow_infra.models import Release
from learnflow_infra.readiness import causes, failures
from learnflow_infra.readiness.causes import Cause, Code

HOOK = Code.HookFailed


def explained(
    error: ReleaseFailedError, release: Release, namespace: str, own: Sequence[Cause] = ()
) -> LearnflowError:
    """The error in the class of its cause, which is on top; itself, where no cause is known.

    Args:
        error: with helm's words in `why`.
        release: that was refused.
        namespace: of the release.
        own: causes that the objects of the chart's hooks tell.
    """
    found = [*_said(str(error.why), namespace, own)]
    if not found:
        return error
    top = found[0]
    policy = causes.policy(top.code, release.grace, release.causes)
    return failures.failure(
        policy.error,
        f"{release.name} could not be deployed: {top.code}.",
        why=error.why,
        causes=found,
        remedy=failures.remedy(top, release, namespace),
    )


def _said(words: str, namespace: str, own: Sequence[Cause]) -> list[Cause]:
    said = causes.from_refusal(words, namespace)
    if said is None or not own:
        return [*([said] if said else []), *own]
    if said.code != HOOK:
        return [said, *own]
    first, *rest = own  # helm says that a hook failed; its own objects say which, and why
    message = f"{said.message}: {first.message}"
    return [dataclasses.replace(first, code=HOOK, message=message), *rest]
