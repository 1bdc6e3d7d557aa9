"""Go back to the last good revision of each release whose upgrade failed.

An install that failed stays as it is, for inspection. CRDs stay, too: helm does not know them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.proof import way_back
from learnflow_infra.engine.proof.failed import write_down
from learnflow_infra.engine.release import obstacles
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.release.wait import Outcome, until_ready
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, LockedError
from learnflow_infra.events import step
from learnflow_infra.models import Release, ReleaseName, SkillName
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What became of a failed release.

    `to` is the revision to which it was rolled back, None where it stays as it is: `why` says
    why. `touched`: this run changed it. `outcome` is there once it is ready again; `error` if
    it is not. `file` has the objects and logs as they were.
    """

    release: Release
    to: int | None = None
    why: str = ""
    touched: bool = True
    outcome: Outcome | None = None
    error: LearnflowError | None = None
    file: str = ""


def restore(
    session: Session,
    comparisons: Sequence[Comparison],
    errors: Mapping[ReleaseName, LearnflowError],
    *,
    limit: float | None,
    allowed: bool,
) -> list[Restored]:
    """Write each failed release down, and roll those back that were upgraded.

    Args:
        session: the cluster.
        comparisons: of the run's releases, as they were before it changed them.
        errors: of the releases that failed.
        limit: seconds for each release; its own timeout if that is longer.
        allowed: False rolls nothing back.
    """
    failed = [item for item in comparisons if item.prepared.release.name in errors]
    return [
        tasks.complete(
            _restore(session, item, errors[item.prepared.release.name], limit, allowed=allowed)
        )
        for item in failed
    ]


async def _restore(
    session: Session,
    before: Comparison,
    error: LearnflowError,
    limit: float | None,
    *,
    allowed: bool,
) -> Restored:
    release = before.prepared.release
    try:
        live = await session.helm.live(release.name)
        untouched = _untouched(before, live, error)
        if live is None or untouched:
            return Restored(release=release, why=untouched, touched=False)
        file = await asyncio.to_thread(write_down, session, release, live, error)
        to, why = await way_back.choose(session, before, live, error, allowed=allowed)
        if to is None:
            return Restored(release=release, why=why, file=file)
    except LearnflowError as second:
        return Restored(release=release, error=second)
    try:
        outcome = await roll_back(session, release, to, limit)
    except LearnflowError as second:
        return Restored(release=release, to=to, error=second, file=file)
    return Restored(release=release, to=to, outcome=outcome, file=file)


def _untouched(before: Comparison, live: Live | None, error: LearnflowError) -> str:
    """Why there is nothing to go back from; "" if there is."""
    if isinstance(error, LockedError):
        return "nothing of it was changed"
    if live is None:
        return "helm has no release of it"
    known = before.observed.live
    if known is None or before.action is not Action.UPGRADE or before.fixed:
        return ""  # `fixed` ones were deleted before helm was asked to create them again
    same = (live.revision, live.status) == (known.revision, "deployed")
    return "helm made no new revision" if same else ""


async def roll_back(
    session: Session, release: Release, revision: int, limit: float | None
) -> Outcome:
    """Roll a release back, and wait until it is ready.

    Raises:
        ReleaseFailedError: helm could not roll back.
        LearnflowError: it does not become ready; of the class of the cause.
    """
    seconds = max(limit or 0.0, release.ready_timeout)
    with step(session.emit, f"release/{release.name}", f"Roll {release.name} back") as running:
        running.change(f"rolling back to revision {revision}")
        await obstacles.roll_back(session, release, revision)
        live = await session.helm.require(release.name)
        outcome = await until_ready(session, release, live, seconds=seconds, changed=True)
        running.done(f"revision {live.revision}, as revision {revision} was")
    return outcome


async def wait_again(
    session: Session, comparisons: Sequence[Comparison], limit: float | None
) -> list[Outcome]:
    """The releases that are ready, of those that were not begun because of others."""
    outcomes = []
    for item in comparisons:
        release, live = item.prepared.release, item.live
        seconds = max(limit or 0.0, release.ready_timeout)
        with suppress(LearnflowError):
            if live:
                wait = until_ready(session, release, live, seconds=seconds, changed=False)
                outcomes.append(await wait)
    return outcomes


def account(
    restored: Sequence[Restored], verdicts: Mapping[SkillName, bool], *, verify: bool
) -> list[str]:
    """What became of the failed releases, a sentence each.

    Args:
        restored: the failed releases.
        verdicts: of the skills that were verified after it, whether they passed.
        verify: whether it was asked for.
    """
    return [_sentence(item, verdicts, verify=verify) for item in restored]


def _sentence(item: Restored, verdicts: Mapping[SkillName, bool], *, verify: bool) -> str:
    name = item.release.name
    if item.to is None:
        text = f"{name}: {item.why}" if item.why else f"What became of {name} is not known"
        return f"{text}: {item.error.what}" if item.error else f"{text}."
    if item.error and item.outcome is None:
        return f"{name} did not get ready again at revision {item.to}: {item.error.what}"
    after = {
        True: "and verified again",
        False: "but its verification failed, too",
        None: "but not verified again" + ("" if verify else " (--no-verify)"),
    }
    verdict = verdicts.get(item.release.skill)
    return f"{name} was rolled back to revision {item.to}, {after[verdict]}."
