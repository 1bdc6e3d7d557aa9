"""Undo helm operations that were cut off or failed, after all checks of a deploy have passed.

Helm refuses to work on a `pending-*` release. It is rolled back to its last deployed revision,
or uninstalled where it has none (volume claims are kept). A failed release is rolled back only
where helm's next upgrade would leave something of it.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from learnflow_infra.engine.release import obstacles
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Action, Observed
from learnflow_infra.engine.release.uninstall import uninstall
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LockedError, ReleaseFailedError, accounted
from learnflow_infra.events import step
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.system import tasks


def recover_cut_off(
    session: Session, comparisons: Sequence[Comparison], done: Sequence[str] = ()
) -> list[str]:
    """Recover the releases that were cut off, after all checks have passed.

    Args:
        session: the cluster.
        comparisons: of all releases of the run.
        done: sentences about what this run has changed so far.

    Returns:
        These sentences, and one about each recovered release.

    Raises:
        ReleaseFailedError: helm could not roll back or uninstall.
    """
    account = [*done]
    for item in comparisons:
        if item.action in {Action.ROLL_BACK, Action.UNINSTALL}:
            with accounted(*account):
                account.append(tasks.complete(recover(session, item)))
    return account


def require_free(comparisons: Sequence[Comparison]) -> None:
    """Raise an error if another helm process may be working on one of the releases.

    Raises:
        LockedError: naming the release.
    """
    for item in comparisons:
        if item.action is Action.REFUSE:
            raise held_by_another(item.prepared.release.name, item.observed)


def held_by_another(release: ReleaseName, observed: Observed) -> LockedError:
    """The error for a release that another helm process may be working on."""
    status, begun = (observed.live.status, observed.live.begun) if observed.live else ("", 0.0)
    return LockedError(
        f"Helm is at work on the release {release}: {status}, begun "
        f"{time.time() - begun:.0f} s ago.",
        why="No run of this user began it, so it may go on elsewhere; undoing would break it.",
        remedy="Wait for it to end. If that helm was killed, the same command undoes the "
        f"operation in {observed.held_for:.0f} s.",
    )


async def recover(session: Session, comparison: Comparison) -> str:
    """Roll back or uninstall a release that is cut off or failed; returns a sentence about it.

    Raises:
        ReleaseFailedError: helm could not.
        LearnflowError: an object of an uninstalled release is not deleted in time.
    """
    release, observed = comparison.prepared.release, comparison.observed
    why = "an operation was cut off" if observed.unfinished else "the last revision failed"
    with step(session.emit, f"recover/{release.name}", f"Recover {release.name}") as running:
        if comparison.action is Action.ROLL_BACK and observed.deployed is not None:
            back = observed.deployed.revision
            running.change("rolling back")
            if observed.applied:
                await _record_again(session, release, observed.applied)
            await obstacles.roll_back(session, release, back)
            running.done(f"back to revision {back}: {why}")
            return f"Before that, {release.name} was rolled back to revision {back}."
        if observed.live is not None:
            running.change("uninstalling")
            await uninstall(session, release, observed.live)
        running.done(f"uninstalled: {why}")
    return f"Before that, {release.name} was uninstalled."


async def _record_again(session: Session, release: Release, revision: int) -> None:
    """Make a revision helm's newest record again, as helm removes only what that one has.

    Even a rollback that fails does that.
    """
    with suppress(ReleaseFailedError):
        await obstacles.roll_back(session, release, revision)
