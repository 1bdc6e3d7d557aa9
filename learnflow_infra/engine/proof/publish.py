"""Publish the record of a run: in the cluster and in files, both at the end of a proof."""

from collections.abc import Collection, Sequence

from learnflow_infra import paths
from learnflow_infra.documents import dump
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.masking import masked_values
from learnflow_infra.models import SkillName
from learnflow_infra.outputs import artifacts, stored_record
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.record import Record
from learnflow_infra.timestamps import utc_now


def publish(
    session: Session, before: Record, record: Record, skills: Collection[SkillName]
) -> Record:
    """Write a record in both places: the ConfigMap first, then the files of endpoints.

    Files that describe another cluster or namespace are replaced only where there is an endpoint
    to write: what they say of that place is still true.

    Args:
        session: the cluster.
        before: what the cluster records; it is not written again if `record` equals it.
        record: the new record.
        skills: whose entries are new.

    Returns:
        The record as the cluster has it.
    """
    if record != before:
        record = stored_record.write(session.kube, session.namespace, record, skills)
    folder, place = paths.phase_dir(), (session.target.context, session.namespace)
    document = record.endpoints
    if document.get("endpoints") or (document and artifacts.written_for(folder) == place):
        artifacts.write_endpoints(folder, document, outputs.kubectl_command(session.target))
    return record


def take_back(session: Session, record: Record, skills: Collection[SkillName], verb: str) -> None:
    """Publish that what is recorded of these skills is not verified any more: the verb failed.

    After a first install that failed, only the profile is recorded, which the next deploy keeps.
    """
    place = outputs.document(session.target, session.namespace, [])
    changed = record.about(place).unproven(skills, f"a {verb} of {utc_now()} failed")
    if skills and changed != record:
        publish(session, record, changed, skills)


def write_releases(outcomes: Sequence[Outcome]) -> None:
    """Write the files of releases that are ready: values, manifest, and origins."""
    for outcome in outcomes:
        artifacts.write_release(
            paths.phase_dir(),
            outcome.release,
            values=dump(masked_values(outcome.values)),
            manifest=changes.redacted(outcome.manifest),
            origins=dump(outcome.origins) if outcome.origins else "",
        )
