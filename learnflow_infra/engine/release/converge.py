"""Bring releases to what is asked: in order, independent ones in parallel."""

import asyncio
from collections.abc import Sequence

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine.release import drift, initial_status
from learnflow_infra.engine.release.compare import Comparison
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.release.ready import Outcome, until_ready
from learnflow_infra.engine.release.uninstall import uninstall
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.engine.request import locks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.events import Step, step
from learnflow_infra.models import ReleaseName
from learnflow_infra.values import origins_document


class SkippedError(ReleaseFailedError):
    """A release was not begun, because one that it needs failed."""


async def converge_all(
    session: Session,
    comparisons: Sequence[Comparison],
    limit: float | None,
) -> list[Outcome]:
    """Converge every release once what it needs is ready; the others go on when one fails.

    Raises:
        LearnflowError: the first failure in release order, after all have settled.
    """
    tasks: dict[ReleaseName, asyncio.Task[Outcome]] = {}

    async def after_needs(comparison: Comparison) -> Outcome:
        release = comparison.prepared.release
        needs = [name for name in release.needs if name in tasks]
        needed = await asyncio.gather(*(tasks[n] for n in needs), return_exceptions=True)
        failed = [n for n, result in zip(needs, needed, strict=True) if _failed(result)]
        if failed:
            raise SkippedError(f"{release.name} was not begun, because {failed[0]} failed.")
        return await converge(session, comparison, limit, needs)

    for comparison in comparisons:
        name = comparison.prepared.release.name
        tasks[name] = asyncio.create_task(after_needs(comparison))
    try:
        results = await asyncio.gather(*tasks.values(), return_exceptions=True)
    except asyncio.CancelledError:
        session.stop.set()  # the waits run in threads, which only this ends
        raise
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise next((f for f in failures if not isinstance(f, SkippedError)), failures[0])
    return [result for result in results if isinstance(result, Outcome)]


def _failed(result: object) -> bool:
    return isinstance(result, BaseException)


async def converge(
    session: Session,
    comparison: Comparison,
    limit: float | None,
    needs: Sequence[ReleaseName] = (),
) -> Outcome:
    """Install or upgrade one release if it differs, mend drift, and wait until it is ready.

    Raises:
        ReleaseFailedError: helm refused it.
        NotReadyError: it did not become ready in time.
    """
    prepared = comparison.prepared
    release = prepared.release
    seconds = limit if limit is not None else release.ready_timeout
    waited = tuple(f"release/{name}" for name in needs)
    title = f"Release {release.name}"
    with step(session.emit, f"release/{release.name}", title, waited) as running:
        report = ProgressReporter(session.emit, f"release/{release.name}")
        live = await _bring(session, comparison, seconds, running, report)
        outcome = await until_ready(
            session,
            release,
            live,
            seconds=seconds,
            report=report,
            origins=origins_document(release.name, prepared.computed.origins),
        )
        running.done(f"revision {live.revision}", changed=comparison.changed)
        return outcome


async def _bring(
    session: Session,
    comparison: Comparison,
    seconds: float,
    running: Step,
    report: ProgressReporter,
) -> Live:
    """Bring the release and its objects to what is asked; the release as it is then."""
    prepared, live, findings = comparison.prepared, comparison.live, comparison.findings
    if comparison.upgrade or live is None:
        running.progress(0, note="installing" if live is None else "upgrading")
        await asyncio.to_thread(
            drift.mend, session.kube, [f for f in findings if f.state == "failed"]
        )
        await asyncio.to_thread(
            initial_status.plant,
            session.kube,
            session.namespace,
            prepared.release.name,
            comparison.wanted.manifest,
        )
        live = await upgrade(session, comparison, seconds, report)
        if findings:
            findings = await asyncio.to_thread(
                drift.look, session.kube, session.namespace, live.manifest
            )
    drifted = [finding for finding in findings if finding.state == "drifted"]
    if drifted:
        running.progress(0, note="mending " + ", ".join(map(str, drifted)))
        await asyncio.to_thread(drift.mend, session.kube, drifted)
    return live


async def recover(session: Session, comparison: Comparison) -> None:
    """Undo a helm operation that was cut off.

    Helm refuses to work on a `pending-*` release. The last revision that was in force is
    rolled back to, or, where there was none, the attempt is uninstalled (claims stay).

    Raises:
        LockedError: the operation may still be under way, elsewhere.
    """
    release, live = comparison.prepared.release.name, comparison.live
    if live is None:
        return
    where = session.target.context, session.namespace
    patience = max(locks.PATIENCE, comparison.prepared.release.ready_timeout)
    locks.require_idle(*where, release, live, patience)
    with step(session.emit, f"recover/{release}", f"Recover {release}") as running:
        good = await session.helm.deployed_revisions(release)
        if good and live.status != "uninstalling":
            await session.helm.rollback(release, good[0])
            running.done(f"back to revision {good[0]}: an operation was cut off")
        else:
            await uninstall(session, comparison.prepared.release, live)
            running.done("uninstalled: its installation was cut off")
