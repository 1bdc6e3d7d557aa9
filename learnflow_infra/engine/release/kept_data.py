"""What outlives releases, until it is purged: claims, custom resources and own Secrets."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.engine.release import losses, usage
from learnflow_infra.engine.release.uninstall import wait_for_claims
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import step
from learnflow_infra.models import Release, Skill
from learnflow_infra.objects import Object


def find(
    session: Session, skills: Sequence[Skill], releases: Sequence[Release]
) -> dict[str, Object]:
    """The objects that outlive the releases, by API path."""
    secrets = api_paths.secrets(session.namespace)
    objects = {
        f"{collection}/{item['metadata']['name']}": item
        for release in releases
        if release.volumes
        for collection in _collections(session, release)
        for item in _items(session, collection, release.volumes)
    }
    for skill in skills:
        for path in [f"{secrets}/{credential.secret}" for credential in skill.credentials]:
            secret = session.kube.find(path)
            if secret and marks.is_marked(secret, skill.name):
                objects[path] = secret
    return objects


def lines(session: Session, data: Mapping[str, Object]) -> list[str]:
    """What a purge loses, a line each, with the bytes in use where they are known."""
    used = usage.used(session.kube, session.namespace)
    return [
        losses.line(
            path,
            obj,
            time.time(),
            used.get(obj["metadata"]["name"]) if obj["kind"] == "PersistentVolumeClaim" else None,
        )
        for path, obj in data.items()
    ]


def purge(session: Session, data: Iterable[str], releases: Sequence[Release]) -> None:
    """Delete what has these paths, and wait until the claims are gone."""
    with step(session.emit, "delete/data", "Purge volumes and Secrets") as running:
        running.change("deleting")
        for path in data:
            session.kube.delete(path)
        for release in releases:
            wait_for_claims(session, release)
        running.done(", ".join(map(losses.short, data)))


def _collections(session: Session, release: Release) -> Iterator[str]:
    """The claims' collection, and those of custom resources that the chart source `keeps`."""
    yield api_paths.claims(session.namespace)
    for collection in release.profiles[session.target.profile].keeps:
        version, _, plural = collection.rpartition("/")
        yield f"/apis/{version}/namespaces/{session.namespace}/{plural}"


def _items(session: Session, collection: str, labels: Mapping[str, str]) -> list[Object]:
    """The objects with these labels; none where their kind is not served."""
    try:
        return session.kube.items(collection, labels=api_paths.selector(labels))
    except NotFoundError:
        return []
