"""Prove that the releases work: verify the skills, then publish the endpoints and the artifacts."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import results, verification
from learnflow_infra.engine.proof.publish import publish, write_releases
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Skill, SkillName
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifiedDocument, VerifyResult
from learnflow_infra.outputs.discovery import Rendered, discover
from learnflow_infra.outputs.record import Record
from learnflow_infra.timestamps import utc_now

NOT_ASKED = "deployed with --no-verify"
"""Why an endpoint is recorded as not verified."""


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
    """Verify the skills, then record their endpoints: in the cluster and in files.

    After a failed verification the recorded endpoints of that skill stay, as not verified; where
    none were recorded, none are.

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
    before, names = session.record, {skill.name for skill in skills}
    document = _discovered(session, skills, outcomes)
    prints = {skill.name: fingerprint(skill, outcomes, document) for skill in skills}
    valid = {name for name in names if before.holds(name, prints[name], document)}
    due = verify and (again or valid != names or any(outcome.changed for outcome in outcomes))
    verdicts: Sequence[VerifyResult] = ()
    if due:
        verdicts = asyncio.run(verification.verify_all(session, skills, document))
    record = _recorded(before, document, prints, _by_skill(skills, verdicts))
    record = publish(session, before, record, names)
    if due:
        results.require(verdicts, skills)
    write_releases(outcomes)
    return Proof(record=record, results=verdicts, verified=due or valid == names)


def _recorded(
    before: Record,
    document: EndpointsDocument,
    prints: Mapping[SkillName, str],
    verdicts: Mapping[SkillName, VerifyResult],
) -> Record:
    """The record after a verification; without a verdict, a proof that holds stays."""
    record, now = before.about(document), utc_now()
    for name, fingerprint in prints.items():
        verdict = verdicts.get(name)
        if verdict and results.passed(verdict):
            record = record.proven(name, document, _proof(name, verdict, now), fingerprint)
        elif verdict:
            record = record.unproven({name}, f"its verification of {now} failed")
        elif not before.holds(name, fingerprint, document):
            record = record.replaced(name, document).unproven({name}, NOT_ASKED)
    return record


def _by_skill(
    skills: Sequence[Skill], verdicts: Sequence[VerifyResult]
) -> Mapping[SkillName, VerifyResult]:
    return {skill.name: verdict for skill, verdict in zip(skills, verdicts, strict=False)}


def _proof(skill: SkillName, verdict: VerifyResult, now: str) -> VerifiedDocument:
    passed = [f"{check.name} from {check.origin}" for check in results.checks(verdict)]
    return {"at": now, "by": f"{skill}/verify.py", "checks": passed}


def _discovered(
    session: Session, skills: Sequence[Skill], outcomes: Sequence[Outcome]
) -> EndpointsDocument:
    """The endpoints that these skills have now, none of them verified."""
    releases = {
        outcome.release: Rendered(values=outcome.computed, objects=outcome.manifest.objects)
        for outcome in outcomes
    }
    found = [
        endpoint
        for skill in skills
        for endpoint in discover(session.kube, session.target, session.namespace, skill, releases)
    ]
    return outputs.document(session.target, session.namespace, found)


def fingerprint(skill: Skill, outcomes: Sequence[Outcome], endpoints: EndpointsDocument) -> str:
    """A hash of what a verification covers: revisions, running containers, and endpoints."""
    names = {release.name for release in skill.releases}
    own = [outcome for outcome in outcomes if outcome.release in names]
    addresses = [item for item in endpoints["endpoints"] if item["skill"] == skill.name]
    containers = [container for outcome in own for container in outcome.containers]
    text = json.dumps([[o.revision for o in own], containers, addresses], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
