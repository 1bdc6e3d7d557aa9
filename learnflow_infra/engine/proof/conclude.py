"""Conclude a deploy: prove what is ready; restore what failed, and prove that; then raise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof.prove import Proof, prove
from learnflow_infra.engine.proof.publish import take_back
from learnflow_infra.engine.proof.restore import Restored, account, restore, wait_again
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.converge import Settled
from learnflow_infra.engine.release.order import SkippedError, first_failure
from learnflow_infra.engine.release.wait import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, followed_by
from learnflow_infra.models import ReleaseName, Skill, SkillName
from learnflow_infra.outputs.record import Record
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Run:
    """A deploy whose releases have settled.

    `comparisons` are from before it changed anything. `again`: verify also what an earlier run
    verified. `limit` are the seconds for each release; None takes the release's own. `note`
    writes an error down before anything is done about it.
    """

    session: Session
    skills: Sequence[Skill]
    comparisons: Sequence[Comparison]
    settled: Settled
    verify: bool
    rollback: bool
    again: bool
    limit: float | None
    note: Callable[[LearnflowError], None]


def conclude(run: Run) -> Proof:
    """Prove the releases of a run; go back where an upgrade or its verification failed.

    Raises:
        LearnflowError: the first error, with what was done after it.
    """
    proof, record = None, run.session.record
    errors: Mapping[ReleaseName, LearnflowError] = run.settled.failures
    if not errors:
        proof = _prove(run, run.skills, run.settled.outcomes, again=run.again, before=record)
        if proof.error is None:
            return proof
        errors = dict.fromkeys(_upgraded(run, proof.failed), proof.error)
        record = proof.record
    first = proof.error if proof and proof.error else first_failure(errors.values())
    if not isinstance(first, LearnflowError):
        raise TypeError("a run without an error has no first error")
    if not errors:
        raise first
    run.note(first)
    raise _recovered(run, first, errors, record) from first


def _recovered(
    run: Run, first: LearnflowError, errors: Mapping[ReleaseName, LearnflowError], record: Record
) -> LearnflowError:
    """Restore the failed releases, prove what is ready then; returns the first error, extended."""
    begun = {name: e for name, e in errors.items() if not isinstance(e, SkippedError)}
    restored = restore(run.session, run.comparisons, begun, limit=run.limit, allowed=run.rollback)
    outcomes = [
        *(item for item in run.settled.outcomes if item.release not in begun),
        *(item.outcome for item in restored if item.outcome),
    ]
    outcomes += tasks.complete(wait_again(run.session, _skipped(run, errors), run.limit))
    names = {item.release for item in outcomes}
    ready = [skill for skill in run.skills if _releases(run, skill) <= names]
    again = _again(run, ready, restored)
    verdicts: dict[SkillName, bool] = {}
    if again:
        proof = _prove(run, again, outcomes, again=True, before=record)
        record = proof.record
        verdicts = {s.name: s.name not in proof.failed for s in again} if proof.results else {}
    _take_back(run, record, restored, {skill.name for skill in ready})
    files = "\n".join(f"As it was: {item.file}" for item in restored if item.file)
    return followed_by(first, *account(restored, verdicts, verify=run.verify), why=files)


def _prove(
    run: Run, skills: Sequence[Skill], outcomes: Sequence[Outcome], *, again: bool, before: Record
) -> Proof:
    return prove(run.session, skills, outcomes, verify=run.verify, again=again, before=before)


def _upgraded(run: Run, skills: frozenset[SkillName]) -> list[ReleaseName]:
    """The releases of skills that this run upgraded."""
    changed = {item.release for item in run.settled.outcomes if item.changed}
    releases = [item.prepared.release for item in run.comparisons if item.action.revises]
    return [r.name for r in releases if r.skill in skills and r.name in changed]


def _skipped(run: Run, errors: Mapping[ReleaseName, LearnflowError]) -> list[Comparison]:
    """The releases that were not begun, and that an earlier run had deployed."""
    names = {name for name, error in errors.items() if isinstance(error, SkippedError)}
    return [
        item
        for item in run.comparisons
        if item.prepared.release.name in names and item.live and item.live.status == "deployed"
    ]


def _releases(run: Run, skill: Skill) -> set[ReleaseName]:
    releases = [item.prepared.release for item in run.comparisons]
    return {release.name for release in releases if release.skill == skill.name}


def _again(run: Run, ready: Sequence[Skill], restored: Sequence[Restored]) -> list[Skill]:
    """The ready skills that are not proven yet: all, if a release failed before any proof."""
    if run.settled.failures:
        return list(ready)
    again = {item.release.skill for item in restored if item.outcome}
    return [skill for skill in ready if skill.name in again]


def _take_back(
    run: Run, record: Record, restored: Sequence[Restored], ready: set[SkillName]
) -> None:
    """What is recorded of a skill that is not ready any more is not verified any more."""
    names = {item.release.skill for item in restored if item.touched} - ready
    take_back(run.session, record, names, "deploy")
