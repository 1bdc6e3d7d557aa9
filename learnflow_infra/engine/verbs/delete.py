"""Delete releases; volumes and Secrets are kept unless they are purged."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from learnflow_infra import paths
from learnflow_infra.clients import api_paths
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.engine.gate.rights import of_delete
from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.proof.publish import take_back
from learnflow_infra.engine.release import claims, claims_at_risk, foreign, kept_data, losses
from learnflow_infra.engine.release.adopt import refusal
from learnflow_infra.engine.release.claim_marks import ClaimMarker
from learnflow_infra.engine.release.own import observe_own
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.release.uninstall import uninstall
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.confirmation import Question
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.errors import UNCHANGED, LearnflowError, accounted, followed_by
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Release, ReleaseName, Skill
from learnflow_infra.objects import Object, reference
from learnflow_infra.outputs import artifacts, stored_record
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.readiness.states import is_deleted
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """The releases that were uninstalled, and the volumes and Secrets that were kept or purged."""

    releases: Sequence[ReleaseName]
    kept: Sequence[str] = ()
    purged: Sequence[str] = ()


def delete(options: Options, *, purge: bool, emit: Emit) -> Deleted:
    """Uninstall the chosen skills' releases, each before those that it needs.

    Raises:
        FoundationError: a right is missing; nothing is changed.
        RefusedError: somebody else made a release or a claim; or data would be purged, and
            that was not confirmed; or data would go though it is to be kept. Nothing is changed.
        LockedError: another helm process may be at work on a release.
        ReleaseFailedError: Helm could not uninstall one.
        LearnflowError: an object is not deleted in time; of the class of the cause.
    """
    target = planning.choose(options, emit)
    with run_lock.hold(target.context, options.namespace, "delete"):
        plan = planning.for_cluster(options, target)
        skills = [s for s in plan.skills if not options.skills or s.name in options.skills]
        names = {skill.name for skill in skills}
        releases = [release for release in reversed(plan.releases) if release.skill in names]
        session = connect(plan, emit)
        with session.watches:
            with accounted(UNCHANGED):
                observed = [(item, tasks.complete(observe_own(session, item))) for item in releases]
                purged: Mapping[str, Object] = {}
                _require_rights(session, observed, purge=purge)
                if purge:
                    _claim_ownership(session, skills, observed, purge=True)
                    purged = _confirm(session, options, skills, observed)
                else:
                    _require_data_stays(session, observed)
                _claim_ownership(session, skills, observed, purge=False)
            uninstalled: list[ReleaseName] = []
            try:
                for release, found in observed:
                    if tasks.complete(_uninstall(session, release, found.live)):
                        uninstalled.append(release.name)
                left = kept_data.find(session, skills, observed)
                if purged:
                    kept_data.purge(session, purged, releases)
            except LearnflowError as error:
                _take_back(session, skills)
                done = [f"Before that, {name} was uninstalled." for name in uninstalled]
                raise followed_by(error, *done) from error
        _update_record(session, skills, releases)
    going = {path for path, obj in left.items() if is_deleted(obj)}
    kept = [losses.short(path) for path in left if path not in {*purged, *going}]
    return Deleted(releases=uninstalled, kept=kept, purged=[*map(losses.short, purged)])


def _require_rights(
    session: Session, observed: Sequence[tuple[Release, Observed]], *, purge: bool
) -> None:
    sources = [release.profiles[session.target.profile] for release, _ in observed]
    needs.require_rights(
        session,
        [obj for _, item in observed if item.live for obj in item.live.manifest.objects],
        of_delete(purge=purge),
        keeps=[name for source in sources for name in source.keeps],
    )


def _require_data_stays(session: Session, observed: Sequence[tuple[Release, Observed]]) -> None:
    """Refuse to end pods that keep the data of a claim that is being deleted.

    Raises:
        RefusedError: naming the claim.
    """
    for release, found in observed:
        if found.live is not None:
            claims_at_risk.require_none(session, release.name, found.live.manifest.objects)


def _claim_ownership(
    session: Session,
    skills: Sequence[Skill],
    observed: Sequence[tuple[Release, Observed]],
    *,
    purge: bool,
) -> None:
    """Mark the releases' volume claims, which are kept, or refuse to purge those of others.

    Raises:
        RefusedError: claims would be purged that somebody else made.
    """
    credentials = [credential for skill in skills for credential in skill.credentials]
    others = []
    present = session.kube.items(api_paths.claims(session.namespace))
    for release, found in observed:
        existing = [*claims.labelled(present, release.volumes), *kept_data.made(found, present)]
        strange = foreign.left_by_others(session, release, found, existing, credentials)
        others += strange
        names = {item.name for item in strange}
        own = [claim for claim in existing if reference(claim) not in names]
        marker = ClaimMarker(session, release, found.known.values if found.known else None)
        for claim in own if not purge else ():
            marker.mark(claim)
    if purge and others:
        raise refusal(others)


def _confirm(
    session: Session,
    options: Options,
    skills: Sequence[Skill],
    observed: Sequence[tuple[Release, Observed]],
) -> Mapping[str, Object]:
    """What is to be purged, by API path, after it was confirmed."""
    data = kept_data.find(session, skills, observed)
    if not data:
        return data
    names = [skill.name for skill in skills]
    place = f"the namespace {session.namespace} of {session.target.context}"
    options.confirm(
        Question(
            what=f"Delete all data of {', '.join(names)} in {place}",
            name=names[0] if len(names) == 1 else session.namespace,
            losses=kept_data.lines(session, data),
        )
    )
    return data


def _take_back(session: Session, skills: Sequence[Skill]) -> None:
    """What is recorded of the skills is not verified any more; a lost server keeps its record."""
    names = {skill.name for skill in skills}
    if session.record.profile:  # else nothing was deployed
        with suppress(LearnflowError):
            take_back(session, session.record, names, "delete")


async def _uninstall(session: Session, release: Release, live: Live | None) -> bool:
    """Uninstall a release; False if it is not installed."""
    with step(session.emit, f"delete/{release.name}", f"Uninstall {release.name}") as running:
        if live is None:
            running.done("not installed", changed=False)
            return False
        running.change("uninstalling")
        await uninstall(session, release, live)
        running.done("uninstalled")
        return True


def _update_record(session: Session, skills: Sequence[Skill], releases: Sequence[Release]) -> None:
    """Remove the skills from the cluster's record, and from files that describe this cluster."""
    names = {skill.name for skill in skills}
    record = session.record.without(names)
    endpoints = record.endpoints["endpoints"]
    if not endpoints:
        stored_record.remove(session.kube, session.namespace)
    elif record != session.record:
        record = stored_record.write(session.kube, session.namespace, record, names)
    folder, place = paths.phase_dir(), (session.target.context, session.namespace)
    if artifacts.written_for(folder) in {place, None}:
        artifacts.forget_releases(folder, [release.name for release in releases])
    if artifacts.written_for(folder) != place:
        return
    if endpoints:
        kubectl = outputs.kubectl_command(session.target)
        artifacts.write_endpoints(folder, record.endpoints, kubectl)
    else:
        artifacts.forget_endpoints(folder)
