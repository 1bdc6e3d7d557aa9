"""To which revision a failed release goes back, or why it stays as it is."""

import asyncio

from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.proof import losses
from learnflow_infra.engine.release import claims_at_risk, pod_needs
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.request.revisions import candidates
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, VerificationError
from learnflow_infra.models import Release
from learnflow_infra.objects import references


async def choose(
    session: Session, before: Comparison, live: Live, error: LearnflowError, *, allowed: bool
) -> tuple[int | None, str]:
    """The revision to go back to; or None, and why not.

    Args:
        session: the cluster.
        before: the release as it was before the run changed it.
        live: the release now.
        error: in which the change ended.
        allowed: False goes back to none.

    Raises:
        LearnflowError: helm, or the cluster, does not say.
    """
    known = before.observed
    if before.action is Action.INSTALL or known.live is None:
        return None, "it stays as it is, for inspection: there is no earlier revision"
    stays = f"it stays at revision {live.revision}"
    if not before.action.revises:
        return None, f"{stays}: this deploy did not upgrade it"
    if not allowed:
        return None, f"{stays}: --no-rollback"
    name, objects = before.prepared.release.name, live.manifest.objects
    deleted = await asyncio.to_thread(claims_at_risk.find, session, name, objects)
    if deleted:
        claim = ", ".join(deleted)
        return None, f"it stays as it is: {claim} is being deleted, and its data go with its pods"
    history = await session.helm.history(before.prepared.release.name)
    earlier = [item for item in history if item.revision <= known.live.revision]
    good = candidates(earlier, session.record, before.prepared.release)
    if not good:
        return None, "it stays as it is: no earlier revision was ready"
    why = await _obstacle(session, before.prepared.release, good[0], error)
    return (None, f"it stays as it is: {why}") if why else (good[0], "")


async def _obstacle(session: Session, release: Release, to: int, error: LearnflowError) -> str:
    """What a revision needs and does not bring back; "" if nothing.

    Where the verification failed, also a Secret that somebody changed since the last one.
    """
    target = await session.helm.live(release.name, revision=to)
    objects = target.manifest.objects if target else ()
    missing = await asyncio.to_thread(pod_needs.unmet, session.kube, session.namespace, objects)
    if missing:
        return (
            f"{', '.join(missing)} is missing, so that pods of revision {to} would not start. "
            "Pods that run stay meanwhile. Create it again as it was, then repeat the deploy"
        )
    own = references(objects)
    changed = (
        await asyncio.to_thread(losses.changed_secrets, session, [release])
        if isinstance(error, VerificationError)
        else ()
    )
    names = ", ".join(cause.object for cause in changed if cause.object not in own)
    return names and (
        f"{names} was changed since it was verified, which revision {to} does not undo. "
        "Set it back, or let the data follow it, then repeat the deploy"
    )
