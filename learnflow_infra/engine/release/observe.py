"""Observe a release: helm's record of it, and its objects in the cluster."""

import asyncio

from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request import run_lock
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release
from learnflow_infra.readiness.owned import expected
from learnflow_infra.readiness.view import View


async def observe(session: Session, release: Release) -> Observed:
    """Helm's record of a release; of an unfinished operation also how long it may still go on.

    Raises:
        ReleaseFailedError: helm cannot read it.
    """
    observed = Observed(live=await session.helm.live(release.name))
    if observed.live is None or not observed.unfinished:
        return observed
    history = await session.helm.history(release.name)
    return Observed(
        live=observed.live,
        last_deployed=next((item.revision for item in history if item.was_deployed), None),
        held_for=run_lock.held_for(
            session.target.context,
            session.namespace,
            begun=observed.live.begun,
            patience=max(run_lock.PATIENCE, release.ready_timeout),
        ),
    )


def observe_with_objects(session: Session, release: Release) -> tuple[Observed, View]:
    """Helm's record of a release, and a view of its objects."""
    observed = asyncio.run(observe(session, release))
    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(expected(observed.live.manifest.objects if observed.live else ()))
    return observed, view
