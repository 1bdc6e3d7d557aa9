"""Prove that the releases work: verify the skills, then publish the endpoints and the artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import losses, recording, results, verification
from learnflow_infra.engine.proof.publish import publish, write_releases
from learnflow_infra.engine.proof.recording import Present
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError
from learnflow_infra.models import Skill, SkillName
from learnflow_infra.objects import refer
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifyResult
from learnflow_infra.outputs.discovery import Rendered, discover
from learnflow_infra.outputs.record import Record
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.remedy import Words
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The record after a run, and the results of its verification.

    `verified` is also True if an earlier run verified the same objects; `results` is empty then.
    `failed` are the skills of which a check failed, `error` says which.
    """

    record: Record
    results: Sequence[VerifyResult]
    verified: bool
    failed: frozenset[SkillName] = frozenset()
    error: LearnflowError | None = None


def prove(
    session: Session,
    skills: Sequence[Skill],
    outcomes: Sequence[Outcome],
    *,
    verify: bool,
    again: bool = False,
    before: Record | None = None,
) -> Proof:
    """Verify the skills, then record their endpoints: in the cluster and in files.

    After a failed verification the recorded endpoints of that skill stay, as not verified; where
    none were recorded, none are.

    Args:
        session: the cluster.
        skills: of the run; recorded endpoints of other skills are kept.
        outcomes: of their releases.
        verify: False leaves verification out.
        again: verify also what an earlier run verified, as is done where this run changed a
            release.
        before: the cluster's record; None takes that of the run's beginning.

    Returns:
        The proof. Its `error` is a VerificationError if a check failed or a volume was replaced
        by another, a NotReadyError if a Secret that pods or clients need does not exist.
    """
    before = before or session.record
    document = _discovered(session, skills, outcomes)
    identities = losses.secrets(session, _secrets(document, outcomes))
    present = {skill.name: _present(skill, outcomes, document, identities) for skill in skills}
    valid = all(before.holds(name, found.objects, document) for name, found in present.items())
    due = verify and (again or not valid or any(outcome.changed for outcome in outcomes))
    verdicts: Sequence[VerifyResult] = ()
    if due:
        verdicts = tasks.complete(verification.verify_all(session, skills, document))
    by_skill = dict(zip(present, verdicts, strict=False))
    record = recording.recorded(before, document, present, by_skill)
    record = publish(session, before, record, set(present))
    error = results.failure(verdicts, skills) if due else None
    if error is None:
        write_releases(outcomes)
    lacking = losses.absent(session, identities, skills)
    lost = losses.failure(_lost(before, skills, outcomes, lacking))
    return Proof(
        record=record,
        results=verdicts,
        verified=error is None and (due or valid),
        failed=frozenset(name for name, item in by_skill.items() if not results.passed(item)),
        error=error or lost,
    )


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


def _secrets(document: EndpointsDocument, outcomes: Sequence[Outcome]) -> set[str]:
    """The Secrets that clients and pods need."""
    clients = {
        item["credentials"]["secret"] for item in document["endpoints"] if item["credentials"]
    }
    return clients.union(*(outcome.covered.secrets for outcome in outcomes))


def _present(
    skill: Skill,
    outcomes: Sequence[Outcome],
    document: EndpointsDocument,
    identities: Mapping[str, str],
) -> Present:
    names = {release.name for release in skill.releases}
    own = [outcome for outcome in outcomes if outcome.release in names]
    mine = {**document, "endpoints": [e for e in document["endpoints"] if e["skill"] == skill.name]}
    secrets = sorted(_secrets(mine, own))  # type: ignore[arg-type]
    return Present(
        outcomes=own,
        objects={
            **{refer("Release", o.release): f"{o.revision} {o.deployed}" for o in own},
            **{name: identity for o in own for name, identity in o.covered.objects.items()},
            **{refer("Secret", name): identities.get(name, "") for name in secrets},
        },
    )


def _lost(
    before: Record,
    skills: Sequence[Skill],
    outcomes: Sequence[Outcome],
    lacking: Mapping[str, Words],
) -> list[Cause]:
    """The claims that are others than the recorded ones, and the Secrets that do not exist."""
    present = {outcome.release: outcome.covered for outcome in outcomes}
    return [
        cause
        for skill in skills
        for release in skill.releases
        if release.name in present
        for cause in losses.of_release(before, release, present[release.name], lacking)
    ]
