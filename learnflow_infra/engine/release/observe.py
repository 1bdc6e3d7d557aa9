"""Observe a release: helm's record of it, and its objects in the cluster."""

import asyncio
from dataclasses import replace

from learnflow_infra.clients import helm_storage
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.helm_storage import Stored
from learnflow_infra.engine.release import ownership
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request import run_lock
from learnflow_infra.engine.request.revisions import last_good
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.view import View
from learnflow_infra.system import tasks


async def observe(session: Session, release: Release) -> Observed:
    """Helm's record of a release; of an unfinished operation also how long it may still go on.

    Only where the newest revision is not deployed, helm is asked for its history, and for the
    revisions from the last deployed one on.

    Raises:
        ReleaseFailedError: helm cannot read it.
    """
    live = await session.helm.live(release.name)
    if live is None:
        return Observed()
    stored = await asyncio.to_thread(
        helm_storage.read, session.kube, session.namespace, release.name, live.revision
    )
    observed = Observed(
        live=live, deployed=live, stored=stored, ours=_is_ours(session, release, stored)
    )
    if live.status == "deployed":
        return observed
    return await _with_past(session, release, observed, live)


def _is_ours(session: Session, release: Release, stored: Stored) -> bool:
    recorded = {entry["skill"] for entry in session.record.endpoints.get("endpoints", ())}
    charts = [source.chart.rpartition("/")[2] for source in release.profiles.values()]
    return ownership.is_ours(stored, charts, recorded=release.skill in recorded)


async def _with_past(
    session: Session, release: Release, observed: Observed, live: Live
) -> Observed:
    """The release with the revision from which helm upgrades, and those that failed since.

    That is the one that helm calls deployed. Where it calls none so, it is the last good one.
    """
    history = await session.helm.history(release.name)
    deployed = next((item.revision for item in history if item.status == "deployed"), None)
    last = deployed or last_good(history, session.record, release.name) or 0
    tried = [item for item in history if item.status == "failed" or item.was_deployed]
    later = [item.revision for item in tried if item.revision > last]
    applied = (item.revision for item in tried if item.revision > last and item.was_deployed)
    numbers = [last, *later] if last else later
    revisions = await _revisions(session, release, live, numbers)
    return replace(
        observed,
        deployed=revisions.get(last),
        attempts=[revisions[number] for number in later],
        applied=next(applied, 0),
        held_for=_held_for(session, release, observed),
    )


async def _revisions(
    session: Session, release: Release, live: Live, numbers: list[int]
) -> dict[int, Live]:
    """Revisions by their number; `live` is not read again."""
    missing = [number for number in numbers if number != live.revision]
    read = await tasks.together(
        *(session.helm.live(release.name, revision=number) for number in missing)
    )
    present = {item.revision: item for item in (live, *read) if item is not None}
    return {number: present[number] for number in numbers if number in present}


def _held_for(session: Session, release: Release, observed: Observed) -> float:
    if observed.live is None or not observed.unfinished:
        return 0.0
    return run_lock.held_for(
        session.target.context,
        session.namespace,
        begun=observed.live.begun,
        patience=max(run_lock.PATIENCE, release.ready_timeout),
    )


def observe_with_objects(session: Session, release: Release) -> tuple[Observed, View]:
    """Helm's record of a release, and a view of its objects; empty if others made it."""
    observed = tasks.complete(observe(session, release))
    view = View(session.kube, session.watches, session.namespace, release)
    base = observed.baseline if observed.ours else None
    view.follow(expected(base.manifest.objects if base else ()), labelled=observed.ours)
    return observed, view
