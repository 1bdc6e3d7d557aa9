"""Prove that the releases work: record their endpoints, verify the skills, write the artifacts."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from learnflow_infra import paths
from learnflow_infra.documents import dump
from learnflow_infra.engine.proof import results, verification
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.masking import masked_values
from learnflow_infra.models import Skill
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs import record as records
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifyResult
from learnflow_infra.outputs.discovery import Rendered, discover
from learnflow_infra.outputs.record import Record


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The record after a run, and the results of its verification.

    `verified` is also True if an earlier run verified the same pods; `results` is empty then.
    """

    record: Record
    results: Sequence[VerifyResult]
    verified: bool


def prove(
    session: Session,
    skills: Sequence[Skill],
    outcomes: Sequence[Outcome],
    *,
    verify: bool,
    again: bool = False,
) -> Proof:
    """Record the endpoints in the cluster, verify the skills, and write the artifacts.

    Args:
        session: the cluster.
        skills: of the run; recorded endpoints of other skills are kept.
        outcomes: of their releases.
        verify: False leaves verification out.
        again: verify also pods that an earlier run verified, as is done where this run
            changed a release.

    Raises:
        VerificationError: a check failed.
    """
    names = {skill.name for skill in skills}
    record = _with_endpoints(session, skills, outcomes)
    if record != session.record:
        record = records.write(session.kube, session.namespace, record, names)
    fingerprints = {skill.name: fingerprint(skill, outcomes, record.endpoints) for skill in skills}
    verified = {**record.verified, **fingerprints}
    proof = Proof(record=record, results=(), verified=verified == record.verified)
    again = again or any(outcome.changed for outcome in outcomes)
    if verify and (again or not proof.verified):
        documents = asyncio.run(verification.verify_all(session, skills, record.endpoints))
        results.require(documents, skills)
        proof = Proof(record=replace(record, verified=verified), results=documents, verified=True)
        if proof.record != record:
            record = records.write(session.kube, session.namespace, proof.record, names)
            proof = replace(proof, record=record)
    _write_artifacts(session, proof.record, outcomes)
    return proof


def _with_endpoints(
    session: Session, skills: Sequence[Skill], outcomes: Sequence[Outcome]
) -> Record:
    """The record with the endpoints that these skills have now."""
    releases = {
        outcome.release: Rendered(values=outcome.computed, objects=outcome.manifest.objects)
        for outcome in outcomes
    }
    discovered = [
        endpoint
        for skill in skills
        for endpoint in discover(session.kube, session.target, session.namespace, skill, releases)
    ]
    document = outputs.document(session.target, session.namespace, discovered)
    own = replace(session.record, endpoints=document)
    return session.record.with_entries(own, {skill.name for skill in skills})


def fingerprint(skill: Skill, outcomes: Sequence[Outcome], endpoints: EndpointsDocument) -> str:
    """A hash of what a verification covers: revisions, running containers, and endpoints."""
    names = {release.name for release in skill.releases}
    own = [outcome for outcome in outcomes if outcome.release in names]
    addresses = [item for item in endpoints["endpoints"] if item["skill"] == skill.name]
    containers = [container for outcome in own for container in outcome.containers]
    text = json.dumps([[o.revision for o in own], containers, addresses], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_artifacts(session: Session, record: Record, outcomes: Sequence[Outcome]) -> None:
    folder = paths.phase_dir()
    artifacts.write_endpoints(folder, record.endpoints, outputs.kubectl_command(session.target))
    for outcome in outcomes:
        artifacts.write_release(
            folder,
            outcome.release,
            values=dump(masked_values(outcome.values)),
            manifest=changes.redacted(outcome.manifest),
            origins=dump(outcome.origins) if outcome.origins else "",
        )
