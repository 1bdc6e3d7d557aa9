"""Revisions that somebody made with helm, after the last deploy of a release."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.request.marks import is_described
from learnflow_infra.engine.request.reuse import own_images
from learnflow_infra.models import ChartSource, ReleaseName
from learnflow_infra.outputs.record import Record
from learnflow_infra.system import tasks
from learnflow_infra.values import Layer, previous


@dataclass(frozen=True, kw_only=True)
class ForeignRevision:
    """A revision that no deploy made, and the last one before it that one did, if helm kept it."""

    live: Live
    own: Live | None


def is_foreign(live: Live, record: Record, release: ReleaseName) -> bool:
    """Whether no deploy made a deployed revision, or found it ready since.

    Of releases that an earlier version of this program recorded, nothing is known.

    Args:
        live: the revision.
        record: of the cluster.
        release: to which it belongs.
    """
    recorded = record.releases.get(release)
    known = recorded is None or recorded.find(live.revision, live.begun)
    return live.status == "deployed" and not known and not is_described(live.description)


async def read(
    helm: Helm, record: Record, release: ReleaseName, live: Live | None
) -> ForeignRevision | None:
    """The newest revision of a release if no deploy made it.

    Args:
        helm: of the cluster.
        record: of the cluster.
        release: to read.
        live: its newest revision.

    Raises:
        ReleaseFailedError: helm cannot read its history.
    """
    recorded = record.releases.get(release)
    if live is None or recorded is None or not is_foreign(live, record, release):
        return None
    history = [item for item in await helm.history(release) if item.revision < live.revision]
    own = (
        item.revision
        for item in history
        if is_described(item.description) or recorded.find(item.revision, item.updated)
    )
    number = next(own, None)
    before = await helm.live(release, revision=number) if number else None
    return ForeignRevision(live=live, own=before)


async def read_all(
    helm: Helm, record: Record, releases: Sequence[ReleaseName]
) -> dict[ReleaseName, ForeignRevision]:
    """The newest revisions of releases that no deploy made."""

    async def one(release: ReleaseName) -> ForeignRevision | None:
        return await read(helm, record, release, await helm.live(release))

    found = await tasks.together(*map(one, releases))
    return {name: item for name, item in zip(releases, found, strict=True) if item}


def layer(found: ForeignRevision, source: ChartSource) -> Layer:
    """The values of the revision that differ from the last deploy, for `--keep-foreign`."""
    before = found.own.values if found.own else {}
    kept = previous.differing(found.live.values, before, own_images(source, found.live.values))
    name = f"revision {found.live.revision} of the release, made with helm (--keep-foreign)"
    return previous.layer(name, kept)
