"""Roll a release back to an earlier revision, then wait, verify and record as a deploy does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof.prove import prove
from learnflow_infra.engine.release import foreign
from learnflow_infra.engine.release.adopt import refusal
from learnflow_infra.engine.release.observe import observe
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.release.recover import held_by_another
from learnflow_infra.engine.release.state import ReleaseState, state_of
from learnflow_infra.engine.release.wait import Outcome, until_ready
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.planning import Options, Plan
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.outputs.contracts import VerifyResult
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """The release, the revision `to` which it was rolled back, and its new `revision`."""

    release: ReleaseName
    to: int
    revision: int
    verification: Sequence[VerifyResult]


def rollback(
    options: Options, *, release: str | None, revision: int | None, emit: Emit
) -> RolledBack:
    """Roll one release of a skill back.

    Args:
        options: with one skill.
        release: one of its releases; None takes the last, to which the endpoints belong.
        revision: to return to; None takes the last one deployed before the current one.
        emit: takes the events.

    Raises:
        InputError: the release or the revision does not exist.
        RefusedError: somebody else made the release.
        ReleaseFailedError: Helm could not roll back.
    """
    target = planning.choose(options)
    with run_lock.hold(target.context, options.namespace, "rollback"):
        plan = planning.for_cluster(options, target)
        chosen = _release(plan, options.skills[0], release)
        session = connect(plan, emit)
        to = asyncio.run(_revision(session, chosen, revision))
        with session.watches:
            outcomes = asyncio.run(_roll_back(session, plan, chosen, to, options.timeout))
        proof = prove(session, plan.skills, outcomes, verify=options.verify)
    new = next(item.revision for item in outcomes if item.release == chosen.name)
    return RolledBack(release=chosen.name, to=to, revision=new, verification=proof.results)


def _release(plan: Plan, skill: str, name: str | None) -> Release:
    releases = [item for item in plan.releases if item.skill == skill]
    matching = [item for item in releases if name in {None, item.name}]
    if not matching:
        raise InputError(
            f"{skill} has no release {name!r} in the profile {plan.target.profile}.",
            why="Releases: " + ", ".join(item.name for item in releases),
        )
    return matching[-1]


async def _revision(session: Session, release: Release, revision: int | None) -> int:
    """The revision to roll back to; it must have been deployed."""
    observed = await observe(session, release)
    state = state_of(observed)
    if state is ReleaseState.HELD_BY_ANOTHER:
        raise held_by_another(release.name, observed)
    if state is ReleaseState.FOREIGN:
        raise refusal([foreign.of_release(session, release, observed)])
    if observed.live is None:
        raise InputError(f"There is no release {release.name}.", remedy=Remedy(Command("status")))
    history = await session.helm.history(release.name)
    deployed = [item.revision for item in history if item.was_deployed]
    earlier = [item for item in deployed if item != observed.live.revision]
    chosen = revision if revision is not None else next(iter(earlier), None)
    if chosen not in deployed:
        revisions = ", ".join(map(str, deployed)) or "none"
        raise InputError(
            f"{release.name} cannot be rolled back to revision {chosen or '(none before it)'}.",
            why=f"It is at {observed.live.revision}; revisions that were deployed: {revisions}",
        )
    return chosen


async def _roll_back(
    session: Session, plan: Plan, chosen: Release, revision: int, limit: float | None
) -> list[Outcome]:
    """Roll one release back, and wait for all releases of the plan at the same time."""

    async def settle(release: Release) -> Outcome:
        seconds = limit if limit is not None else release.ready_timeout
        with step(session.emit, f"release/{release.name}", f"Release {release.name}") as running:
            if release == chosen:
                running.progress(0, note=f"rolling back to revision {revision}")
                await session.helm.rollback(release.name, revision)
            live = await session.helm.require(release.name)
            report = ProgressReporter(session.emit, f"release/{release.name}")
            changed = release == chosen
            outcome = await until_ready(
                session, release, live, seconds=seconds, report=report, changed=changed
            )
            running.done(f"revision {live.revision}", changed=changed)
        return outcome

    return await tasks.together(*map(settle, plan.releases))
