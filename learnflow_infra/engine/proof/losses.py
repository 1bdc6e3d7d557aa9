"""Secrets and claims that are gone, or are others than those that the cluster records."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ForbiddenError, NotFoundError
from learnflow_infra.engine.release.covered import Covered, covered
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, NotReadyError
from learnflow_infra.models import Release, ReleaseName, Skill
from learnflow_infra.objects import refer
from learnflow_infra.outputs.endpoints import kubectl_command
from learnflow_infra.outputs.record import Record, Verified
from learnflow_infra.readiness import failures
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.readiness.view import View
from learnflow_infra.remedy import Command, Remedy, Words

ABSENT = "absent"
"""In place of a Secret's identity, where there is no such Secret."""
_NOT_HELMS = "type!=helm.sh/release.v1"


def secrets(session: Session, names: Collection[str]) -> dict[str, str]:
    """The uid and resourceVersion of Secrets by name, in at most one request.

    Empty where this user may not list Secrets.
    """
    if not names:
        return {}
    try:
        found = session.kube.metadata(api_paths.secrets(session.namespace), fields=_NOT_HELMS)
    except (ForbiddenError, NotFoundError):
        return {}
    present = {item["metadata"]["name"]: item["metadata"] for item in found}
    return {
        name: f"{present[name]['uid']} {present[name]['resourceVersion']}"
        if name in present
        else ABSENT
        for name in names
    }


def absent(
    session: Session, identities: Mapping[str, str], skills: Sequence[Skill]
) -> dict[str, Words]:
    """The Secrets that do not exist, each with how to get it back."""
    kubectl = kubectl_command(session.target)
    known = {
        item.secret: item.restore.fill(kubectl=kubectl, namespace=session.namespace)
        for skill in skills
        for item in skill.credentials
    }
    names = [name for name, identity in identities.items() if identity == ABSENT]
    return {name: known.get(name) or "Restore it from a backup." for name in names}


def of_views(
    session: Session, views: Sequence[View], skills: Sequence[Skill]
) -> Mapping[ReleaseName, list[Cause]]:
    """What is gone or changed of each release since the cluster's record was written."""
    claims = session.watches.store.objects([api_paths.claims(session.namespace)])
    present = [(view.release, covered(view.snapshot().objects, claims)) for view in views]
    record = session.record
    needed = {
        name for release, item in present for name in item.secrets | published(record, release.name)
    }
    identities = secrets(session, needed)
    lacking = absent(session, identities, skills)
    return {
        release.name: [
            *of_release(record, release, item, lacking),
            *_changed(record, release, identities),
            *_unproven(record, release),
        ]
        for release, item in present
    }


def changed_secrets(session: Session, releases: Sequence[Release]) -> list[Cause]:
    """The Secrets of recorded endpoints that were changed after the verification."""
    record = session.record
    names = {name for release in releases for name in published(record, release.name)}
    identities = secrets(session, names)
    return [cause for release in releases for cause in _changed(record, release, identities)]


def of_release(
    record: Record, release: Release, present: Covered, lacking: Mapping[str, Words]
) -> list[Cause]:
    """The claims of a release that were replaced, and those Secrets of `absent` that it needs."""
    return [
        *_replaced(record, release, present),
        *_missing(record, release, present, lacking),
    ]


def failure(causes: Sequence[Cause]) -> LearnflowError | None:
    """The error if there are causes: a VerificationError of a claim, a NotReadyError of a Secret.

    The record has the new claims already.
    """
    if not causes:
        return None
    top = causes[0]
    return failures.failure(
        top.code.error if isinstance(top.code, Code) else NotReadyError,
        f"{top.object}: {top.message}.",
        causes=causes,
        remedy=top.remedy,
    )


def published(record: Record, release: ReleaseName) -> set[str]:
    """The Secrets that recorded endpoints of a release name."""
    return {
        item["credentials"]["secret"]
        for item in record.endpoints.get("endpoints", ())
        if item["release"] == release and item["credentials"]
    }


def _replaced(record: Record, release: Release, present: Covered) -> Iterator[Cause]:
    known = record.releases.get(release.name)
    for name, uid in present.claims.items():
        before = known.claims.get(name, uid) if known else uid
        if before != uid:
            yield Cause(
                code=Code.ClaimReplaced,
                object=refer("PersistentVolumeClaim", name),
                message="it is another claim than the recorded one, whose data are gone",
                evidence=(f"uid {before} is recorded, uid {uid} is there now",),
                remedy=Remedy(
                    "Restore the data from a backup, if there is one. The new claim is recorded "
                    "by: ",
                    Command("deploy", release.skill),
                ),
            )


def _missing(
    record: Record, release: Release, present: Covered, lacking: Mapping[str, Words]
) -> Iterator[Cause]:
    clients = published(record, release.name)
    for name in sorted((present.secrets | clients) & lacking.keys()):
        who = "pods that run now will not start again" if name in present.secrets else ""
        why = who or "clients read their password in it"
        yield Cause(
            code=Code.MissingSecret,
            object=refer("Secret", name),
            message=f"it does not exist, but {why}",
            remedy=lacking[name],
        )


def _unproven(record: Record, release: Release) -> Iterator[Cause]:
    """The endpoints of which the last verification failed."""
    verified = record.verified.get(release.skill)
    for item in record.endpoints.get("endpoints", ()):
        if item["release"] == release.name and verified and not verified.holds:
            yield Cause(
                code=Code.VerificationFailed,
                object=refer("Endpoint", item["name"]),
                message=f"not verified: {item.get('unverified', '')}",
                remedy=Remedy("Verify it again: ", Command("deploy", release.skill)),
            )


def _changed(record: Record, release: Release, identities: Mapping[str, str]) -> Iterator[Cause]:
    verified = record.verified.get(release.skill, Verified())
    for name in sorted(published(record, release.name)):
        secret, now = refer("Secret", name), identities.get(name, "")
        before = verified.objects.get(secret, "")
        if before and now and now not in {before, ABSENT}:
            yield Cause(
                code=Code.SecretChanged,
                object=secret,
                message=f"it was changed after the verification of {verified.at}",
                remedy=Remedy("See whether clients can log in: ", Command("deploy", release.skill)),
            )
