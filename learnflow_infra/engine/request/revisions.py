"""Pure: to which revision of a release to go back."""

from collections.abc import Sequence

from learnflow_infra.clients.helm_output import Revision
from learnflow_infra.engine.request.marks import is_described
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.outputs.record import Record


def last_good(history: Sequence[Revision], record: Record, release: ReleaseName) -> int | None:
    """The newest revision that was in use; None if there is none.

    Helm calls a revision deployed whose pods never became ready, and superseded what failed
    before a rollback that failed. So a deploy's revision counts if it was recorded as ready. A
    user's counts by helm's word, and a rollback as the revision to which it went back. If
    none counts, helm's word does.

    Args:
        history: of the release, the newest first.
        record: of the cluster.
        release: whose history it is.
    """
    deployed = [item for item in history if item.was_deployed]
    recorded = record.releases.get(release)
    numbers = {item.revision: item for item in history}

    def counts(item: Revision) -> bool:
        if recorded is None or recorded.find(item.revision, item.updated):
            return True
        origin = numbers.get(item.restored or 0)
        if origin is not None and origin is not item:
            return origin.was_deployed and counts(origin)
        return not is_described(item.description)

    good = next((item.revision for item in deployed if counts(item)), None)
    return good or next((item.revision for item in deployed), None)


def candidates(history: Sequence[Revision], record: Record, release: Release) -> list[int]:
    """The revisions to go back to, the best first.

    Those that were verified, then those that were ready; any other failed, or was not waited
    for. An earlier version of this program recorded no revisions: of a release that it recorded
    endpoints of, those count that helm deployed.

    Args:
        history: of the release.
        record: of the cluster.
        release: of a skill.
    """
    recorded = record.releases.get(release.name)
    if recorded is None:
        endpoints = record.endpoints.get("endpoints", ())
        earlier = any(item["release"] == release.name for item in endpoints)
        return [item.revision for item in history if earlier and item.was_deployed]
    ready = [(recorded.find(item.revision, item.updated), item.revision) for item in history]
    ranked = [(not known.verified, -number) for known, number in ready if known]
    return [-number for _, number in sorted(ranked)]
