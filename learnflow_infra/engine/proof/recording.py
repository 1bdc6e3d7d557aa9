"""Pure: the record after a verification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from learnflow_infra.engine.proof import results
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.models import SkillName
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifiedDocument, VerifyResult
from learnflow_infra.outputs.record import Record, ReleaseRecord, Revision
from learnflow_infra.timestamps import utc_now

NOT_ASKED = "deployed with --no-verify"
"""Why an endpoint is recorded as not verified."""


@dataclass(frozen=True, kw_only=True)
class Present:
    """What there is of a skill: its releases, and each object that a verification covers.

    `objects` have what identifies them: a release its revision, others as in `Covered`.
    """

    outcomes: Sequence[Outcome]
    objects: Mapping[str, str]


def recorded(
    before: Record,
    document: EndpointsDocument,
    present: Mapping[SkillName, Present],
    verdicts: Mapping[SkillName, VerifyResult],
) -> Record:
    """The record after a verification.

    Args:
        before: the record so far.
        document: the endpoints that the skills have now.
        present: what there is of each skill.
        verdicts: of the skills that were verified; without one, a proof that holds stays.
    """
    record, now = before.about(document), utc_now()
    for name, item in present.items():
        verdict = verdicts.get(name)
        passed = results.passed(verdict) if verdict else before.holds(name, item.objects, document)
        if verdict and passed:
            proof = _proof(name, verdict, now)
            record = record.proven(name, document, proof, item.objects)
        elif verdict:
            record = record.unproven({name}, f"its verification of {now} failed")
        elif not passed:
            record = record.replaced(name, document).unproven({name}, NOT_ASKED)
        refused = verdict is not None and not passed
        record = _with_releases(record, name, item.outcomes, now, ok=not refused, verified=passed)
    return record


def _proof(skill: SkillName, verdict: VerifyResult, now: str) -> VerifiedDocument:
    passed = [f"{check.name} from {check.origin}" for check in results.checks(verdict)]
    return {"at": now, "by": f"{skill}/verify.py", "checks": passed}


def _with_releases(
    record: Record,
    skill: SkillName,
    outcomes: Sequence[Outcome],
    now: str,
    *,
    ok: bool,
    verified: bool,
) -> Record:
    """The record with the revisions that are ready now; those that failed (not `ok`) are no such.

    A release that was not compared, as in a rollback, keeps the chart's recorded name.
    """
    releases = dict(record.releases)
    for outcome in outcomes:
        known = releases.get(outcome.release) or ReleaseRecord(skill=skill)
        revision = Revision(
            revision=outcome.revision, deployed=outcome.deployed, at=now, verified=verified
        )
        marked = known.ready(revision) if ok else known.failed(outcome.revision)
        releases[outcome.release] = replace(
            marked,
            skill=skill,
            chart=outcome.chart or known.chart,
            claims=outcome.covered.claims,
        )
    return replace(record, releases=releases)
