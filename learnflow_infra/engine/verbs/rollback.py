"""Roll a release back to an earlier revision, then wait, verify and record as a deploy does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from learnflow_infra.clients.helm_output import Live, Revision
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate.rights import of_deploy
from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.proof.prove import prove
from learnflow_infra.engine.proof.publish import take_back
from learnflow_infra.engine.release import claims_at_risk, obstacles, pod_needs
from learnflow_infra.engine.release.own import observe_own
from learnflow_infra.engine.release.wait import Outcome, until_ready
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.revisions import candidates
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.errors import UNCHANGED, InputError, LearnflowError, RefusedError, accounted
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.outputs.contracts import VerifyResult
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import tasks

_GONE = "uninstalled"
"""Helm's status of a release that was uninstalled with --keep-history."""


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
        revision: to return to; None takes the last one that was verified, or else ready, and
            whose content is another than the current one's.
        emit: takes the events.

    Raises:
        InputError: the release or the revision does not exist.
        RefusedError: somebody else made the release, a claim of its pods is being deleted, or
            what the pods of that revision need is missing.
        ReleaseFailedError: Helm could not roll back.
    """
    target = planning.choose(options, emit)
    targets.require_running(target)
    with run_lock.hold(target.context, options.namespace, "rollback"):
        plan = planning.for_cluster(options, target)
        chosen = _release(plan, options.skills[0], release)
        session = connect(plan, emit)
        with accounted(UNCHANGED):
            to = tasks.complete(_revision(session, chosen, revision))
            tasks.complete(_require_needs(session, chosen, to, options))
        with session.watches:
            try:
                outcomes = tasks.complete(_roll_back(session, plan, chosen, to, options.timeout))
            except LearnflowError:
                take_back(session, session.record, {chosen.skill}, "rollback")
                raise
        with accounted(f"{chosen.name} was rolled back to revision {to}."):
            proof = prove(session, plan.skills, outcomes, verify=options.verify)
            if proof.error:
                raise proof.error
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
    """The revision to roll back to: the given one, or the best whose content differs.

    Raises:
        InputError: there is none.
        RefusedError: somebody else made the release, or a claim of its pods is being deleted.
    """
    observed = await observe_own(session, release)
    if observed.live is None:
        raise InputError(f"There is no release {release.name}.", remedy=Remedy(Command("status")))
    objects = observed.live.manifest.objects
    await asyncio.to_thread(claims_at_risk.require_none, session, release.name, objects)
    history = await session.helm.history(release.name)
    known = [item.revision for item in history if item.was_deployed or item.status == _GONE]
    if revision in known:
        return revision
    if revision is None:
        best = await _best(session, release, observed.live, history)
        if best is not None:
            return best
    revisions = ", ".join(map(str, known)) or "none"
    raise InputError(
        f"{release.name} cannot be rolled back to revision {revision}."
        if revision is not None
        else f"{release.name} has no other revision that was ready.",
        why=f"It is at {observed.live.revision}; revisions that were deployed: {revisions}",
        remedy=Remedy("See what made each: ", Command("history", release.skill)),
    )


async def _require_needs(
    session: Session, release: Release, revision: int, options: Options
) -> None:
    """Refuse a revision whose pods would not start, or which undoes what others keep setting.

    Raises:
        FoundationError: naming each right that this user lacks.
        RefusedError: naming what is missing, or the fields.
    """
    target = await session.helm.live(release.name, revision=revision)
    objects = target.manifest.objects if target else ()
    uses = of_deploy(verify=options.verify)
    await asyncio.to_thread(needs.require_rights, session, objects, uses)
    missing = await asyncio.to_thread(pod_needs.unmet, session.kube, session.namespace, objects)
    if missing:
        raise RefusedError(
            f"{release.name} cannot be rolled back to revision {revision}: "
            f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing.",
            why="Pods of that revision would not start.",
            remedy="Create it again as it was, then repeat the rollback.",
        )
    if target and not options.force_conflicts:
        found = await obstacles.of_revision(session, release, target)
        obstacles.require_no_claims(release, found, revision)


async def _best(
    session: Session, release: Release, live: Live, history: Sequence[Revision]
) -> int | None:
    """The best revision that was ready and, if the current one is deployed, has other content.

    After an uninstallation that is the revision that was uninstalled, if it was ready.
    """
    ended = [replace(item, status=_ended(item)) for item in history]
    for number in candidates(ended, session.record, release):
        if live.status != "deployed":
            return number
        if number == live.revision:
            continue
        content = await session.helm.live(release.name, revision=number)
        if content and (content.manifest, content.values) != (live.manifest, live.values):
            return number
    return None


def _ended(revision: Revision) -> str:
    """Helm's status, of an uninstalled revision that from before it was uninstalled."""
    return "deployed" if revision.status == _GONE else revision.status


async def _roll_back(
    session: Session, plan: Plan, chosen: Release, revision: int, limit: float | None
) -> list[Outcome]:
    """Roll one release back, and wait for all releases of the plan at the same time."""

    async def settle(release: Release) -> Outcome:
        seconds = limit if limit is not None else release.ready_timeout
        with step(session.emit, f"release/{release.name}", f"Release {release.name}") as running:
            if release == chosen:
                running.change(f"rolling back to revision {revision}")
                await obstacles.roll_back(session, release, revision)
            live = await session.helm.require(release.name)
            outcome = await until_ready(
                session, release, live, seconds=seconds, changed=release == chosen
            )
            running.done(f"revision {live.revision}", changed=outcome.changed)
        return outcome

    return await tasks.together(*map(settle, plan.releases))
