"""Secrets and claims that are gone, or are others than the recorded ones."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.engine.proof import losses
from learnflow_infra.engine.release.covered import Covered
from learnflow_infra.errors import NotReadyError, VerificationError
from learnflow_infra.models import Credential, Release
from learnflow_infra.outputs.record import Record, ReleaseRecord, Verified
from learnflow_infra.remedy import Command, Remedy

RELEASE = Release(name="db", skill="db-skill", profiles={})
AGAIN = Remedy("${kubectl} -n ${namespace} exec db-0 -- sh -c 'echo ${X} {}'", Command("deploy"))
LOGIN = Credential(secret="login", keys=("word",), volumes={}, restore=AGAIN)
PUBLISHED = {
    "endpoints": [
        {"name": "db", "skill": "db-skill", "release": "db", "credentials": {"secret": "login"}}
    ]
}
RECORD = Record(
    endpoints=PUBLISHED,
    verified={"db-skill": Verified(at="T", objects={"Secret/login": "uid 1"})},
    releases={"db": ReleaseRecord(skill="db-skill", claims={"data": "old"})},
)


def present(claims, secrets=()):
    objects = {f"PersistentVolumeClaim/{name}": uid for name, uid in claims.items()}
    return Covered(objects=objects, secrets=frozenset(secrets))


@pytest.mark.parametrize(
    ("record", "claims", "secrets", "identities", "codes"),
    [
        (RECORD, {"data": "old"}, ["login"], {"login": "uid 1"}, []),
        (RECORD, {"data": "new"}, [], {"login": "uid 1"}, ["ClaimReplaced"]),
        (RECORD, {}, [], {"login": "uid 1"}, []),
        (RECORD, {"other": "x"}, [], {"login": "uid 1"}, []),
        (Record(), {"data": "new"}, [], {}, []),
        (RECORD, {}, ["login"], {"login": "absent"}, ["MissingSecret"]),
        (RECORD, {}, [], {"login": "absent"}, ["MissingSecret"]),
        (Record(), {}, ["cert"], {"cert": "absent"}, ["MissingSecret"]),
        (RECORD, {}, ["login"], {}, []),
    ],
)
def test_what_a_deploy_reports(record, claims, secrets, identities, codes):
    causes = losses.of_release(record, RELEASE, present(claims, secrets), lacking(identities))
    assert [cause.code for cause in causes] == codes


def test_a_replaced_claim_ends_in_an_error_that_says_that_its_data_are_gone():
    causes = losses.of_release(RECORD, RELEASE, present({"data": "new"}), {})
    error = losses.failure(causes)
    assert isinstance(error, VerificationError)
    assert "whose data are gone" in error.what
    assert "uid old is recorded, uid new is there now" in str(error.why)
    assert "deploy db-skill" in str(error.remedy)


def test_a_missing_secret_ends_in_an_error():
    causes = losses.of_release(RECORD, RELEASE, present({}), lacking({"login": losses.ABSENT}))
    error = losses.failure(causes)
    assert isinstance(error, NotReadyError)
    assert "Secret/login: it does not exist" in error.what


@pytest.mark.parametrize(
    ("credentials", "remedy"),
    [
        ((LOGIN,), "kubectl --context c -n n exec db-0 -- sh -c 'echo ${X} {}'"),
        ((replace(LOGIN, restore=Remedy()),), "Restore it from a backup."),
        ((replace(LOGIN, secret="other"),), "Restore it from a backup."),
        ((), "Restore it from a backup."),
    ],
)
def test_a_missing_secret_is_made_again_as_its_skill_says(credentials, remedy):
    skills = [SimpleNamespace(credentials=credentials)]
    (cause,) = losses.of_views(session({}), [VIEW], skills)["db"]
    assert str(cause.remedy).removesuffix("learnflow-infra deploy") == remedy


def test_without_a_loss_there_is_no_error():
    assert losses.failure([]) is None


def session(found, record=RECORD):
    """A cluster with these Secrets, and no pods."""
    calls = []

    def metadata(path, *, fields):
        calls.append((path, fields))
        if found is None:
            raise ForbiddenError(403, "no")
        return [
            {"metadata": {"name": name, "uid": "uid", "resourceVersion": version}}
            for name, version in found.items()
        ]

    return SimpleNamespace(
        namespace="n",
        target=SimpleNamespace(kubeconfig=None, kubectl="kubectl", context="c"),
        record=record,
        kube=SimpleNamespace(metadata=metadata),
        watches=SimpleNamespace(store=SimpleNamespace(objects=lambda _: [])),
        calls=calls,
    )


def lacking(identities):
    return losses.absent(session({}), identities, [])


VIEW = SimpleNamespace(release=RELEASE, snapshot=lambda: SimpleNamespace(objects=[]))


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        ({"login": "1"}, []),
        ({"login": "2"}, ["SecretChanged"]),
        ({}, ["MissingSecret"]),
        (None, []),
    ],
)
def test_status_sees_a_secret_that_was_changed_or_deleted_in_one_request(found, codes):
    cluster = session(found)
    causes = losses.of_views(cluster, [VIEW], [])["db"]
    assert [cause.code for cause in causes] == codes
    assert len(cluster.calls) == 1


@pytest.mark.parametrize(
    ("found", "releases", "objects"),
    [
        ({"login": "1"}, [RELEASE], []),
        ({"login": "2"}, [RELEASE], ["Secret/login"]),
        ({}, [RELEASE], []),  # a Secret that is gone is another fault
        ({"login": "2"}, [], []),
    ],
)
def test_a_secret_that_was_changed_is_known_before_an_upgrade(found, releases, objects):
    cluster = session(found)
    causes = losses.changed_secrets(cluster, releases)
    assert [cause.object for cause in causes] == objects
    assert len(cluster.calls) == len(releases)  # a deploy that changes nothing asks nothing


def test_status_sees_that_the_last_verification_failed():
    record = RECORD.unproven({"db-skill"}, "its verification of T failed")
    causes = losses.of_views(session({"login": "1"}, record), [VIEW], [])["db"]
    assert [(c.code, c.object) for c in causes] == [("VerificationFailed", "Endpoint/db")]
    assert "its verification of T failed" in causes[0].message


def test_without_secrets_none_is_listed():
    cluster = session({}, Record())
    assert losses.of_views(cluster, [VIEW], []) == {"db": []}
    assert cluster.calls == []
