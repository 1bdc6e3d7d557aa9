"""Changes that the API server makes to no object that exists, found by a dry run.

The dry run sends what helm's patch will change: the difference of two manifests, in which a
field that the new one lacks is removed.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ApiError, NotFoundError
from learnflow_infra.clients.kube import MANAGER, Kube
from learnflow_infra.engine.release import changes, drift, removal
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.recreation import Fixed, adopts
from learnflow_infra.engine.request.session import Session
from learnflow_infra.fields import part
from learnflow_infra.objects import Object


def marked(session: Session, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with the changes that cannot be made in `fixed`; nothing is changed.

    Requests are sent only for objects that change.
    """
    return [replace(item, fixed=find(session, item)) for item in comparisons]


def find(session: Session, item: Comparison) -> list[Fixed]:
    """The changes of a release that cannot be made to its live objects."""
    base = item.observed.baseline
    if base is None or not item.action.revises:
        return []
    old = changes.by_key(base.manifest.objects)
    again = {
        changes.key(one.desired) for one in item.findings if one.state not in {"drifted", "held"}
    }
    kept = old.keys() - again  # the others are created again in any case
    new = [obj for obj in item.desired.manifest.objects if changes.key(obj) in kept]
    pairs = [(obj, patch(old[changes.key(obj)], obj)) for obj in new]
    changed = [(obj, body) for obj, body in pairs if body]
    locate = drift.locator(session.kube, session.namespace, [obj for obj, _ in changed])
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda pair: _refused(session.kube, locate(pair[0]), *pair), changed)
        return [fixed for fixed in found if fixed]


def patch(old: Any, new: Any) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) from one object to another; empty if they are equal."""
    body: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = patch(before, value)
            body |= {key: inner} if inner else {}
        elif before != value:
            body[key] = value
    return body


def _refused(kube: Kube, path: str, desired: Object, body: dict[str, Any]) -> Fixed | None:
    query = {"dryRun": "All", "fieldManager": MANAGER}
    try:
        if path:
            kube.merge(path, body, query=query)
    except NotFoundError:  # it was deleted: helm creates it
        return None
    except ApiError as error:
        live = kube.find(path) if error.refuses_change else None
        return live and Fixed(desired=desired, live=live, path=path, message=error.message)
    return None


def delete(session: Session, fixed: Sequence[Fixed]) -> None:
    """Delete objects that helm creates again; returns when they are gone.

    The pods of a StatefulSet stay, unless its selector no longer matches them.

    Raises:
        NotReadyError: an object is not deleted in time.
    """
    for item in fixed:
        uid = item.live["metadata"]["uid"]
        session.kube.delete(item.path, uid=uid, orphan=item.orphans)
        removal.await_gone(session, item.path, uid)
        if item.orphans:
            for pod in _strangers(session.kube, item):
                session.kube.delete(pod)


def _strangers(kube: Kube, item: Fixed) -> list[str]:
    """The paths of former pods of a StatefulSet that the new one does not adopt."""
    old = part(item.live, "spec", "selector", "matchLabels")
    meta = item.live["metadata"]
    name, path = meta["name"], api_paths.pods(meta["namespace"])
    pods = [(pod["metadata"], part(pod, "metadata", "labels")) for pod in kube.items(path)]
    return [
        f"{path}/{pod['name']}"
        for pod, labels in pods
        if old.items() <= labels.items()
        and not adopts(item.desired, labels)
        and pod["name"].removeprefix(f"{name}-").isdigit()
    ]
