"""Delete releases; volumes and Secrets stay unless they are purged."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra import paths
from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clients.kube import selector
from learnflow_infra.engine.proof import records
from learnflow_infra.engine.release.uninstall import uninstall, wait_for_claims
from learnflow_infra.engine.request import locks
from learnflow_infra.engine.request.session import Options, Request, Session, connect, read
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Profile, Release, ReleaseName, SkillName
from learnflow_infra.objects import Object
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """Which releases were uninstalled, and which claims and Secrets are kept."""

    releases: list[ReleaseName]
    kept: list[str]


def delete(options: Options, *, purge: bool, emit: Emit) -> Deleted:
    """Uninstall the chosen skills' releases, those that need others first.

    Raises:
        ReleaseFailedError: helm could not uninstall one.
        LearnflowError: pods, custom resources or claims do not go; of the class of the cause.
    """
    request = read(options)
    with locks.hold(request.target.context, options.namespace, "delete"):
        session = connect(request.target, options.namespace, emit)
        chosen = {skill.name for skill in request.skills if _named(options, skill.name)}
        releases = [item for item in reversed(request.releases) if item.skill in chosen]
        with session.watches:
            gone = [item.name for item in releases if asyncio.run(_uninstall(session, item))]
            kept = _volumes_and_secrets(session, request, releases, purge=purge)
        _forget(session, chosen, releases)
    return Deleted(releases=gone, kept=kept)


def _named(options: Options, name: str) -> bool:
    return not options.skills or name in options.skills


async def _uninstall(session: Session, release: Release) -> bool:
    with step(session.emit, f"delete/{release.name}", f"Uninstall {release.name}") as running:
        live = await session.helm.live(release.name)
        if live is None:
            running.done("not installed", changed=False)
            return False
        await uninstall(session, release, live)
        running.done("uninstalled")
        return True


def _volumes_and_secrets(
    session: Session, request: Request, releases: list[Release], *, purge: bool
) -> list[str]:
    """Remove (or list) the claims and Secrets of the releases' skills."""
    base = f"/api/v1/namespaces/{session.namespace}"
    skills = {release.skill for release in releases}
    profile = request.target.profile
    collections = [
        (collection, release.volumes)
        for release in releases
        if release.volumes
        for collection in (f"{base}/persistentvolumeclaims", *_keeps(session, release, profile))
    ]
    found = [
        f"{collection}/{item['metadata']['name']}"
        for collection, labels in collections
        for item in _labelled(session, collection, labels)
    ]
    secrets = [
        f"{base}/secrets/{credential.secret}"
        for skill in request.skills
        if skill.name in skills
        for credential in skill.credentials
    ]
    found += [path for path in secrets if session.kube.find(path)]
    names = ["/".join(path.split("/")[-2:]) for path in found]
    if not purge or not found:
        return names
    with step(session.emit, "delete/data", "Purge volumes and Secrets") as running:
        for path in found:
            session.kube.delete(path)
        for release in releases:
            wait_for_claims(session, release)
        running.done(", ".join(names))
    return []


def _keeps(session: Session, release: Release, profile: Profile) -> list[str]:
    """Collections of custom resources that outlive the release."""
    return [
        f"/apis/{version}/namespaces/{session.namespace}/{plural}"
        for collection in release.profiles[profile].keeps
        for version, _, plural in [collection.rpartition("/")]
    ]


def _labelled(session: Session, collection: str, labels: Mapping[str, str]) -> list[Object]:
    try:
        return session.kube.items(collection, labels=selector(labels))
    except NotFoundError:  # the kind was never installed
        return []


def _forget(session: Session, skills: set[SkillName], releases: Sequence[Release]) -> None:
    """Take what is deleted out of the records: in the cluster, and here if they are of it."""
    folder, where = paths.phase_dir(), (session.target.context, session.namespace)
    here = artifacts.written_for(folder) == where
    artifacts.forget(folder, where, [release.name for release in releases])
    document, prints = records.load(session.kube, session.namespace)
    left = [item for item in document.get("endpoints", ()) if item["skill"] not in skills]
    if left:
        known = {name: value for name, value in prints.items() if name not in skills}
        document["endpoints"] = left
        records.save(session.kube, session.namespace, document, known)
        if here:
            kubectl = outputs.kubectl_command(session.target)
            artifacts.write_endpoints(folder, document, kubectl)
        return
    base = f"/api/v1/namespaces/{session.namespace}"
    session.kube.delete(f"{base}/configmaps/{outputs.CONFIG_MAP}")
    if here:
        artifacts.forget_endpoints(folder)
