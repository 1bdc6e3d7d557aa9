"""Uninstall one release, and wait until its objects are gone."""

import asyncio
from collections.abc import Callable, Sequence

from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.release import removal, removed_apis
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness import gone
from learnflow_infra.readiness.expected import Expected, expected
from learnflow_infra.readiness.states import has_ended, is_deleted
from learnflow_infra.readiness.view import View

SECONDS = 120.0
"""Seconds in which the objects of a release have to be deleted."""
POLICY = "helm.sh/resource-policy"
"""The annotation of objects that helm keeps: https://helm.sh/docs/howto/charts_tips_and_tricks/."""


async def uninstall(session: Session, release: Release, live: Live) -> None:
    """Uninstall a release; returns when its objects and pods are deleted.

    As in Helm, volume claims made from templates stay, and objects with the policy `keep`.

    Raises:
        ReleaseFailedError: helm could not uninstall it.
        LearnflowError: an object is not deleted in time; of the class of the cause.
    """
    await asyncio.to_thread(removed_apis.mend, session, release.name, live, ())
    await session.helm.uninstall(release.name)
    try:
        await asyncio.to_thread(_wait, session, release, live.manifest.objects)
    except asyncio.CancelledError:
        session.stop.set()  # the wait runs in a thread, which only this ends
        raise


def _wait(session: Session, release: Release, objects: Sequence[Object]) -> None:
    owned = expected(obj for obj in objects if not is_kept(obj))
    _wait_gone(session, release, owned, lambda obj: reference(obj) in owned.names or _runs(obj))
    removal.await_ends(session, objects)


def wait_for_claims(session: Session, release: Release, claims: Sequence[Object]) -> None:
    """Wait until these volume claims of a release, which were deleted, are gone.

    Raises:
        LearnflowError: a claim is not deleted in time; of the class of the cause.
    """
    owned = expected(claims)
    _wait_gone(session, release, owned, lambda obj: reference(obj) in owned.names)


def _wait_gone(
    session: Session, release: Release, owned: Expected, removed: Callable[[Object], bool]
) -> None:
    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(owned)
    gone.wait_until_gone(view, removed=removed, timeout=SECONDS, stop=session.stop)


def is_kept(obj: Object) -> bool:
    """Whether helm never deletes the object."""
    return (obj["metadata"].get("annotations") or {}).get(POLICY) == "keep"


def _runs(obj: Object) -> bool:
    """Whether the object is a pod that has to be deleted; ended pods of hooks stay, as in Helm."""
    return obj["kind"] == "Pod" and (is_deleted(obj) or not has_ended(obj))
