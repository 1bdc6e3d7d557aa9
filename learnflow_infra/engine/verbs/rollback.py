"""Roll a release back to an earlier revision, wait, verify and record, as a deploy does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import records
from learnflow_infra.engine.proof.recorder import Recorder
from learnflow_infra.engine.release.observe import observe
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.release.ready import Outcome, until_ready
from learnflow_infra.engine.release.recover import held_by_another
from learnflow_infra.engine.release.state import ReleaseState, state_of
from learnflow_infra.engine.request import locks
from learnflow_infra.engine.request.session import Options, Request, Session, connect, read
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Document, Release, ReleaseName
from learnflow_infra.remedy import Command, Remedy


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """Which release went back to which revision, which is a new one now, as helm counts."""

    release: ReleaseName
    to: int
    revision: int
    verification: Sequence[Document]


def rollback(
    options: Options, *, release: str | None, revision: int | None, emit: Emit
) -> RolledBack:
    """Roll one release of a skill back.

    Args:
        options: names one skill.
        release: which of its releases; None means the last, which the endpoints are of.
        revision: where to; None means the last one that was in force before this one.
        emit: takes the events.

    Raises:
        InputError: there is no such release or revision.
        ReleaseFailedError: helm could not roll back.
    """
    request = read(options)
    recorder = Recorder(emit)
    chosen = _release(request, options.skills[0], release)
    with locks.hold(request.target.context, options.namespace, "rollback"):
        session = connect(request.target, options.namespace, recorder)
        target = asyncio.run(_target(session, chosen, revision))
        with session.watches:
            outcomes = asyncio.run(_go(session, request, chosen, target, options.timeout))
        record = records.Record.of(session, request.skills, outcomes)
        results = records.prove(
            session, record, outcomes, verify=options.verify, changed=recorder.changed
        )
    now = next(item.revision for item in outcomes if item.release == chosen.name)
    return RolledBack(release=chosen.name, to=target, revision=now, verification=results)


def _release(request: Request, skill: str, name: str | None) -> Release:
    mine = [item for item in request.releases if item.skill == skill]
    found = [item for item in mine if name in {None, item.name}]
    if not found:
        raise InputError(
            f"{skill} has no release {name!r} in the profile {request.target.profile}.",
            why="Releases: " + ", ".join(item.name for item in mine),
        )
    return found[-1]


async def _target(session: Session, release: Release, revision: int | None) -> int:
    observed = await observe(session, release)
    if state_of(observed) is ReleaseState.HELD_BY_ANOTHER:
        raise held_by_another(release.name, observed)
    if observed.live is None:
        raise InputError(f"There is no release {release.name}.", remedy=Remedy(Command("status")))
    good = await session.helm.deployed_revisions(release.name)
    earlier = [item for item in good if item != observed.live.revision]
    wanted = revision if revision is not None else next(iter(earlier), None)
    if wanted not in good:
        raise InputError(
            f"{release.name} cannot be rolled back to revision {wanted or '(none before it)'}.",
            why=f"It is at {observed.live.revision}; once in force: "
            f"{', '.join(map(str, good)) or 'none'}",
        )
    return wanted


async def _go(
    session: Session, request: Request, chosen: Release, revision: int, limit: float | None
) -> list[Outcome]:
    """Roll back, and wait for that release and for the others of the run as they are."""

    async def settle(release: Release) -> Outcome:
        seconds = limit if limit is not None else release.ready_timeout
        with step(session.emit, f"release/{release.name}", f"Release {release.name}") as running:
            if release == chosen:
                running.progress(0, note=f"rolling back to revision {revision}")
                await session.helm.rollback(release.name, revision)
            live = await session.helm.require(release.name)
            report = ProgressReporter(session.emit, f"release/{release.name}")
            outcome = await until_ready(session, release, live, seconds=seconds, report=report)
            running.done(f"revision {live.revision}", changed=release == chosen)
        return outcome

    return list(await asyncio.gather(*map(settle, request.releases)))
