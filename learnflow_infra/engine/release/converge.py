"""Bring releases to the desired state: needs first, independent releases in parallel."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from learnflow_infra.clients import helm_storage
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.release import drift, immutable, initial_status, removal, removed_apis
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.order import first_failure, settle
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.release.recover import held_by_another
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.engine.release.wait import Outcome, until_ready
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Step, step
from learnflow_infra.models import ReleaseName
from learnflow_infra.values import origins_document


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The releases that are ready, and the errors of the others, in the order of needs."""

    outcomes: Sequence[Outcome]
    failures: Mapping[ReleaseName, LearnflowError] = field(default_factory=dict)


async def converge_all(
    session: Session, comparisons: Sequence[Comparison], limit: float | None
) -> Settled:
    """Converge every release once its needs are ready; a failure stops only what needs it.

    Args:
        session: the cluster.
        comparisons: of the releases, needs first.
        limit: seconds for each release; None takes the release's own.

    Raises:
        Exception: a fault of this program; after all have settled.
    """
    by_name = {item.prepared.release.name: item for item in comparisons}
    releases = [item.prepared.release for item in comparisons]
    results = await settle(
        releases, lambda release, needs: converge(session, by_name[release.name], limit, needs)
    )
    failures = {n: item for n, item in results.items() if isinstance(item, LearnflowError)}
    outcomes = [item for item in results.values() if not isinstance(item, BaseException)]
    fault = first_failure(item for item in results.values() if item not in failures.values())
    if fault:
        raise fault
    return Settled(outcomes=outcomes, failures=failures)


async def converge(
    session: Session,
    comparison: Comparison,
    limit: float | None,
    needs: Sequence[ReleaseName] = (),
) -> Outcome:
    """Install or upgrade one release if it is out of sync, mend drift, and wait for it.

    Args:
        session: the cluster.
        comparison: the desired release beside the live one.
        limit: seconds until it has to be ready; None takes the release's own.
        needs: the releases of this run for which it waited.

    Raises:
        ReleaseFailedError: helm refused it.
        NotReadyError: it did not become ready in time.
    """
    prepared = comparison.prepared
    release = prepared.release
    seconds = limit if limit is not None else release.ready_timeout
    waited = tuple(f"release/{name}" for name in needs)
    title = f"Release {release.name}"
    changed = comparison.action is not Action.NONE
    with step(session.emit, f"release/{release.name}", title, waited) as running:
        report = ProgressReporter(session.emit, f"release/{release.name}")
        live = await _reconcile(session, comparison, seconds, running, report)
        outcome = await until_ready(
            session, release, live, seconds=seconds, changed=changed, report=report
        )
        running.done(f"revision {live.revision}", changed=outcome.changed)
    return replace(
        outcome,
        chart=f"{prepared.chart.name}-{prepared.chart.version}",
        origins=origins_document(release.name, prepared.computed.origins),
    )


async def _reconcile(
    session: Session,
    comparison: Comparison,
    seconds: float,
    running: Step,
    report: ProgressReporter,
) -> Live:
    """Bring the release and its objects to the desired state; returns helm's record of it.

    Raises:
        LockedError: a helm operation on it was begun after the checks.
    """
    action, live, findings = comparison.action, comparison.live, comparison.findings
    if action in {Action.INSTALL, Action.UPGRADE}:
        running.change("installing" if action is Action.INSTALL else "upgrading")
        live = await _upgrade(session, comparison, seconds, report)
        findings = await _find_drift(session, comparison, live) if findings else ()
    elif live is None or action.revises:
        raise held_by_another(comparison.prepared.release.name, comparison.observed)
    elif not comparison.observed.marked:
        await asyncio.to_thread(_mark, session, comparison, live)
    drifted = [finding for finding in findings if finding.state == "drifted"]
    if drifted:
        running.change("mending " + ", ".join(map(str, drifted)))
        await asyncio.to_thread(drift.mend, session.kube, drifted)
    return live


def _mark(session: Session, comparison: Comparison, live: Live) -> None:
    """Label a release of an earlier version, as a deploy that changes it does."""
    installation = comparison.prepared.installation
    helm_storage.label(
        session.kube, session.namespace, installation.release, live.revision, installation.labels
    )


async def _upgrade(
    session: Session, comparison: Comparison, seconds: float, report: ProgressReporter
) -> Live:
    """Prepare what helm does not: failed Jobs, what cannot be changed, initial statuses."""
    await asyncio.to_thread(immutable.delete, session, comparison.fixed)
    first = [item for item in comparison.findings if item.state == "failed" or item.handed]
    await asyncio.to_thread(drift.mend, session.kube, first)
    deleted = [item.desired for item in comparison.findings if item.state == "deleted"]
    new = comparison.desired.manifest.objects if comparison.action is Action.INSTALL else ()
    await asyncio.to_thread(removal.await_ends, session, [*deleted, *new])
    base = comparison.observed.baseline
    if base and comparison.unserved:
        name, desired = comparison.prepared.release.name, comparison.desired.manifest.objects
        await asyncio.to_thread(removed_apis.mend, session, name, base, desired)
    await asyncio.to_thread(
        initial_status.create,
        session.kube,
        session.namespace,
        comparison.prepared.release.name,
        comparison.desired.manifest.objects,
    )
    return await upgrade(session, comparison, seconds, report)


async def _find_drift(session: Session, comparison: Comparison, live: Live) -> Sequence[Finding]:
    objects, force = live.manifest.objects, comparison.prepared.force_conflicts
    return await asyncio.to_thread(
        drift.find, session.kube, session.namespace, objects, force=force
    )
