"""Helm's own part of a release: install or upgrade, with an eye on the chart's hooks."""

import asyncio
import dataclasses
import threading

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine.release.compare import Comparison
from learnflow_infra.engine.release.refusal import explained
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, ReleaseFailedError
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.owned import Expected, expected
from learnflow_infra.readiness.tracker import Observe
from learnflow_infra.readiness.view import View


async def upgrade(
    session: Session, comparison: Comparison, seconds: float, observe: Observe
) -> Live:
    """Install or upgrade; a hook that cannot end well ends it before helm's timeout.

    Raises:
        LearnflowError: of the class of the cause for which helm or a hook failed.
    """
    live = await _upgrade(session, comparison, seconds, observe)
    desired = comparison.desired.manifest
    return dataclasses.replace(live, manifest=desired) if live.manifest == desired else live


async def _upgrade(
    session: Session, comparison: Comparison, seconds: float, observe: Observe
) -> Live:
    release = comparison.prepared.release
    work = session.helm.upgrade(comparison.prepared.installation, seconds=seconds)
    view = View(session.kube, session.watches, session.namespace, release)
    hooks = _hooks(comparison)
    try:
        if not hooks.names:
            return await work
        return await _guarded(asyncio.create_task(work), view, hooks, session, observe)
    except ReleaseFailedError as error:
        raise await asyncio.to_thread(_explained, error, view, hooks) from error


def _hooks(comparison: Comparison) -> Expected:
    return expected(comparison.desired.manifest.hooks)


async def _guarded(
    work: "asyncio.Task[Live]",
    view: View,
    hooks: Expected,
    session: Session,
    observe: Observe,
) -> Live:
    done = threading.Event()

    def guard() -> None:
        view.follow(hooks, labelled=False)
        tracker.watch_hooks(view, done=done, stop=session.stop, observe=observe)

    guarding = asyncio.create_task(asyncio.to_thread(guard))
    try:
        await asyncio.wait({work, guarding}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await guarding  # which failed: helm is told to end, and marks the release as failed
        return await work
    finally:
        done.set()
        work.cancel()
        await asyncio.gather(work, guarding, return_exceptions=True)


def _explained(error: ReleaseFailedError, view: View, hooks: Expected) -> LearnflowError:
    """Helm's refusal with its cause, and what the hooks' own pods say of it."""
    if not hooks.names:
        return explained(error, view.release, view.namespace)
    view.follow(hooks, labelled=False)
    own = view.causes(view.snapshot(), logs=True)
    return explained(error, view.release, view.namespace, own)
