"""The record after a verification: what it claims is what was proven."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.proof.recording import Present, recorded
from learnflow_infra.engine.release.covered import Covered
from learnflow_infra.outputs.record import Record, ReleaseRecord, Revision


def document(port):
    item = {"name": "db", "skill": "s", "release": "db", "host": port, "verified": None, "env": {}}
    return {"profile": "embedded", "endpoints": [item]}


def present(revision=1, deployed=1.0, **objects):
    outcome = SimpleNamespace(
        release="db",
        revision=revision,
        deployed=deployed,
        chart="db-1.0.0",
        covered=Covered(objects={"PersistentVolumeClaim/data": "c"}),
    )
    return {"s": Present(outcomes=[outcome], objects=objects)}


def verdict(*, passed):
    check = {"name": "connect", "from": "host", "passed": passed, "message": "", "seconds": 0.0}
    return {"s": {"skill": "s", "checks": [check]}}


def revisions(record):
    return [(item.revision, item.verified) for item in record.releases["db"].revisions]


PROVEN = recorded(Record(), document(1), present(pod="a"), verdict(passed=True))


def test_what_passed_is_recorded_with_its_proof():
    (item,) = PROVEN.endpoints["endpoints"]
    assert item["verified"]["by"] == "s/verify.py"
    assert item["verified"]["checks"] == ["connect from host"]
    assert PROVEN.verified["s"].objects == {"pod": "a"}
    assert (PROVEN.releases["db"].chart, PROVEN.releases["db"].claims) == (
        "db-1.0.0",
        {"data": "c"},
    )
    assert revisions(PROVEN) == [(1, True)]


def test_a_proof_that_holds_stays_without_a_verification():
    assert recorded(PROVEN, document(1), present(pod="a"), {}) == PROVEN


@pytest.mark.parametrize(("port", "pod"), [(2, "a"), (1, "b")])
def test_another_address_or_object_is_not_verified(port, pod):
    record = recorded(PROVEN, document(port), present(revision=2, pod=pod), {})
    (item,) = record.endpoints["endpoints"]
    assert (item["host"], item["verified"]) == (port, None)
    assert "--no-verify" in item["unverified"]
    assert record.verified == {}
    assert revisions(record) == [(2, False), (1, True)]


def test_after_a_failed_verification_the_old_addresses_stay_as_not_verified():
    record = recorded(PROVEN, document(2), present(revision=2), verdict(passed=False))
    (item,) = record.endpoints["endpoints"]
    assert (item["host"], item["verified"]) == (1, None)
    assert not record.verified["s"].holds
    assert not record.holds("s", {"pod": "a"}, document(1))
    assert revisions(record) == [(1, True)]


def test_a_ready_revision_that_fails_later_is_dropped_and_a_verified_one_is_not():
    ready = recorded(Record(), document(1), present(), {})
    assert revisions(ready) == [(1, False)]
    assert revisions(recorded(ready, document(1), present(), verdict(passed=False))) == []
    assert revisions(recorded(PROVEN, document(1), present(), verdict(passed=False))) == [(1, True)]


def test_a_first_deploy_that_fails_records_the_profile_and_no_endpoint():
    record = recorded(Record(), document(1), present(), verdict(passed=False))
    assert (record.profile, record.endpoints["endpoints"]) == ("embedded", [])


def test_revisions_from_before_an_uninstallation_are_forgotten():
    old = Revision(revision=1, deployed=1.0, at="T", verified=True)
    later = Revision(revision=4, deployed=2.0, at="T", verified=True)
    known = ReleaseRecord(skill="s", revisions=(later, old))
    new = Revision(revision=1, deployed=9.0, at="U", verified=False)
    assert known.ready(new).revisions == (new,)
