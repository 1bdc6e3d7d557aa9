"""Wait until objects that are being deleted are gone."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.engine.release import drift
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import NotReadyError
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.states import is_deleted
from learnflow_infra.readiness.watched import is_watched

_SECONDS = 60.0
"""Seconds in which a deleted object has to be gone."""


def await_ends(session: Session, objects: Sequence[Object]) -> None:
    """Wait until those objects of a manifest are gone that are being deleted.

    Objects of watched kinds are left to the watches, which know the cause if one stays.

    Raises:
        NotReadyError: one is not deleted in time.
    """
    others = [obj for obj in objects if not is_watched(obj["apiVersion"], obj["kind"])]
    paths = [*filter(None, map(drift.locator(session.kube, session.namespace, others), others))]
    with ThreadPoolExecutor(4) as pool:
        found: Iterable[Object | None] = pool.map(session.kube.find, paths)
        deleted = [(path, o) for path, o in zip(paths, found, strict=True) if o and is_deleted(o)]
    for path, obj in deleted:
        await_gone(session, path, obj["metadata"]["uid"])


def await_gone(session: Session, path: str, uid: str) -> None:
    """Wait until no object of that uid is at a path in the API.

    Raises:
        NotReadyError: it is not deleted in time.
    """
    end = time.monotonic() + _SECONDS
    while (live := session.kube.find(path)) and live["metadata"]["uid"] == uid:
        if time.monotonic() > end:
            finalizers = ", ".join(live["metadata"].get("finalizers") or ["none"])
            raise NotReadyError(
                f"{reference(live)} was not deleted in {_SECONDS:.0f} s.",
                why=f"Finalizers that it waits for: {finalizers}",
                remedy="See who removes them; repeat the command once it is gone.",
            )
        session.stop.wait(0.2)
