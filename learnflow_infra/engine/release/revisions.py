"""Pure: to which revision of a release to go back."""

from collections.abc import Sequence

from learnflow_infra.clients.helm_output import Revision
from learnflow_infra.models import Release
from learnflow_infra.outputs.record import Record


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
