"""Show the revisions of releases: what made them, and whether they were ready and verified."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients.helm_errors import MissingReleaseError
from learnflow_infra.clients.helm_output import Revision
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.events import Emit
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.outputs.record import Revision as Ready
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A revision in helm's history; `ready` is what the cluster records of it, if it was ready."""

    revision: Revision
    ready: Ready | None


@dataclass(frozen=True, kw_only=True)
class ReleaseHistory:
    """The revisions of a release, the newest first; none where it is not installed."""

    release: ReleaseName
    entries: Sequence[Entry]


def history(options: Options, emit: Emit) -> list[ReleaseHistory]:
    """The revisions of each release of the chosen skills that helm has kept."""
    plan = planning.for_cluster(options, planning.choose(options, emit))
    session = connect(plan, emit)
    return tasks.complete(_histories(session, plan.releases))


async def _histories(session: Session, releases: Sequence[Release]) -> list[ReleaseHistory]:
    return await tasks.together(*(_history(session, release) for release in releases))


async def _history(session: Session, release: Release) -> ReleaseHistory:
    try:
        revisions = await session.helm.history(release.name)
    except MissingReleaseError:
        revisions = []
    recorded = session.record.releases.get(release.name)
    return ReleaseHistory(
        release=release.name,
        entries=[
            Entry(
                revision=item,
                ready=recorded.find(item.revision, item.updated) if recorded else None,
            )
            for item in revisions
        ],
    )
