"""What outlives releases, until it is purged: claims, custom resources and own Secrets."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ForbiddenError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import claims, losses, usage
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.release.uninstall import wait_for_claims
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import step
from learnflow_infra.models import Release, Skill
from learnflow_infra.objects import Object
from learnflow_infra.readiness import watched
from learnflow_infra.readiness.mounted import mounted


def find(
    session: Session, skills: Sequence[Skill], releases: Sequence[tuple[Release, Observed]]
) -> dict[str, Object]:
    """The objects that outlive the releases, all those of the skills, by API path."""
    secrets = api_paths.secrets(session.namespace)
    objects = {
        f"{collection}/{item['metadata']['name']}": item
        for release, _ in releases
        if release.volumes
        for collection in _collections(session, release)
        for item in _items(session, collection, release.volumes)
    }
    for claim in _marked(session, releases):
        objects[f"{api_paths.claims(session.namespace)}/{claim['metadata']['name']}"] = claim
    for skill in skills:
        for path in [f"{secrets}/{credential.secret}" for credential in skill.credentials]:
            secret = session.kube.find(path)
            if secret and marks.is_marked(secret, skill.name):
                objects[path] = secret
    return objects


def served(kube: Kube, keeps: Iterable[str]) -> list[str]:
    """The collections that outlive a release (`ChartSource.keeps`) and that the cluster serves."""
    return [name for name in keeps if kube.serves(f"/apis/{name}")]


def lines(session: Session, data: Mapping[str, Object]) -> list[str]:
    """What a purge loses, a line each, with the bytes in use where they are known."""
    claims_of_data = [obj for obj in data.values() if obj["kind"] == "PersistentVolumeClaim"]
    used = usage.used(session.kube, claims_of_data, session.namespace)
    return [
        losses.line(
            path,
            obj,
            time.time(),
            used.get(obj["metadata"]["name"]) if obj in claims_of_data else None,
        )
        for path, obj in data.items()
    ]


def made(observed: Observed, existing: Sequence[Object]) -> list[Object]:
    """The claims that the StatefulSets of a release have, if it is installed and ours."""
    live = None if observed.uninstalled else observed.known
    return claims.used_by(live.manifest.objects, existing) if live else []


def purge(session: Session, data: Mapping[str, Object], releases: Iterable[Release]) -> None:
    """Delete what has these paths, and wait until the claims are gone."""
    existing = [obj for obj in data.values() if obj["kind"] == "PersistentVolumeClaim"]
    with step(session.emit, "delete/data", "Purge volumes and Secrets") as running:
        running.change("deleting")
        for path in data:
            session.kube.delete(path)
        for release in releases:
            marked = [claim for claim in existing if marks.skill_of(claim) == release.skill]
            labelled = claims.labelled(existing, release.volumes)
            wait_for_claims(session, release, [*labelled, *marked])
        running.done(", ".join(map(losses.short, data)))


def _marked(session: Session, releases: Sequence[tuple[Release, Observed]]) -> list[Object]:
    """The claims with the mark of the releases' skills, which may lack the volumes' labels.

    The mark names no release, and one of another name may be left of the skill: what is not
    made by these releases is only theirs if nothing uses it.
    """
    skills = {release.skill for release, _ in releases}
    existing = session.kube.items(api_paths.claims(session.namespace))
    marked = [claim for claim in existing if marks.skill_of(claim) in skills]
    own = [claim for _, observed in releases for claim in made(observed, marked)]
    rest = [claim for claim in marked if claim not in own]
    sets, pods = (
        session.kube.items(watched.COLLECTIONS[kind].format(session.namespace)) if rest else []
        for kind in ("StatefulSet", "Pod")
    )
    used = [*claims.used_by(sets, rest), *mounted(pods, rest)]
    return [*own, *(claim for claim in rest if claim not in used)]


def _collections(session: Session, release: Release) -> Iterator[str]:
    """The claims' collection, and those of custom resources that the chart source `keeps`."""
    yield api_paths.claims(session.namespace)
    for collection in release.profiles[session.target.profile].keeps:
        version, _, plural = collection.rpartition("/")
        yield f"/apis/{version}/namespaces/{session.namespace}/{plural}"


def _items(session: Session, collection: str, labels: Mapping[str, str]) -> list[Object]:
    """The objects with these labels; none where their kind is not served.

    The server refuses a user who lacks the right before it looks for the kind.
    """
    try:
        return session.kube.items(collection, labels=api_paths.selector(labels))
    except NotFoundError:
        return []
    except ForbiddenError:
        if session.kube.serves(collection):
            raise
        return []
