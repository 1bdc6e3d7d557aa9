"""Install or upgrade a release by helm, while the objects of its hooks are watched."""

import asyncio
import dataclasses
import threading

from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.refusal import explained
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, ReleaseFailedError
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.expected import Expected, expected
from learnflow_infra.readiness.tracker import Observe
from learnflow_infra.readiness.view import View


async def upgrade(
    session: Session, comparison: Comparison, seconds: float, report: Observe
) -> Live:
    """Install or upgrade; helm is ended before its timeout if a hook cannot succeed.

    Args:
        session: the cluster.
        comparison: the desired release.
        seconds: how long helm may take.
        report: takes every observation of the hooks' objects.

    Raises:
        LearnflowError: of the class of the cause for which helm or a hook failed.
    """
    live = await _upgrade(session, comparison, seconds, report)
    desired = comparison.desired.manifest
    return dataclasses.replace(live, manifest=desired) if live.manifest == desired else live


async def _upgrade(
    session: Session, comparison: Comparison, seconds: float, report: Observe
) -> Live:
    release = comparison.prepared.release
    work = session.helm.upgrade(
        comparison.prepared.installation,
        seconds=seconds,
        replace=comparison.observed.uninstalled,
        options=comparison.helm_options,
    )
    view = View(session.kube, session.watches, session.namespace, release)
    hooks = expected(comparison.desired.manifest.hooks)
    try:
        if not hooks.names:
            return await work
        return await _guarded(asyncio.create_task(work), view, hooks, session, report)
    except ReleaseFailedError as error:
        raise await asyncio.to_thread(_explained, error, view, hooks) from error


async def _guarded(
    work: "asyncio.Task[Live]",
    view: View,
    hooks: Expected,
    session: Session,
    report: Observe,
) -> Live:
    done = threading.Event()

    def guard() -> None:
        view.follow(hooks, labelled=False)
        tracker.watch_hooks(view, done=done, stop=session.stop, observe=report)

    guarding = asyncio.create_task(asyncio.to_thread(guard))
    try:
        await asyncio.wait({work, guarding}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await guarding  # raises; helm is ended below, and marks the release as failed
        return await work
    finally:
        done.set()
        work.cancel()
        await asyncio.gather(work, guarding, return_exceptions=True)


def _explained(error: ReleaseFailedError, view: View, hooks: Expected) -> LearnflowError:
    """Helm's refusal with its cause, and the causes in the objects of hooks."""
    if not hooks.names:
        return explained(error, view.release, view.namespace)
    view.follow(hooks, labelled=False)
    causes = view.causes(tracker.existing(view), logs=True)
    return explained(error, view.release, view.namespace, causes)
