"""Releases that a helm operation left unfinished, in a real API server."""

import asyncio

import pytest

from learnflow_infra.engine.release import validate
from learnflow_infra.engine.release.recover import compare_checked
from learnflow_infra.engine.release.state import Action, ReleaseState
from learnflow_infra.errors import InputError, LockedError
from tests.contract.demo import compared, converge, leave_unfinished, prepared, release_of

pytestmark = pytest.mark.contract
LONG_AGO = "2026-01-01T00:00:00.123456789Z"
REFUSED = {"greeting": "hello, 'no key!': x"}
"""Values that give a ConfigMap a key which every API server refuses."""


@pytest.fixture
def release(tmp_path):
    return release_of(tmp_path)


def status(session):
    return asyncio.run(session.helm.live("demo")).status


def by_server(session):
    """The check of `--dry-run=server`, in place of a deploy's gate."""

    def check(comparisons, done):
        validate.require(validate.by_server(session, comparisons), done)

    return check


def test_a_release_that_was_cut_off_is_rolled_back_and_compared_again(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    desired = prepared(release, {"greeting": "again"})
    (again,) = compare_checked(session, [desired], by_server(session))
    assert (again.state, again.live.revision) == (ReleaseState.OUT_OF_SYNC, 3)
    _, outcome = converge(session, release, {"greeting": "again"})
    assert outcome.computed == {"greeting": "again"}
    assert status(session) == "deployed"


def test_an_installation_that_was_cut_off_is_uninstalled(session, release):
    converge(session, release, {})
    leave_unfinished(session, "pending-install", revision=1, begun=LONG_AGO)
    assert compared(session, release, {}).action is Action.UNINSTALL
    (again,) = compare_checked(session, [prepared(release, {})], by_server(session))
    assert (again.state, again.live) == (ReleaseState.ABSENT, None)
    objects = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    assert session.kube.find(objects) is None


def test_a_refused_manifest_leaves_a_release_that_was_cut_off_untouched(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    assert compared(session, release, REFUSED).state is ReleaseState.CUT_OFF
    with pytest.raises(InputError, match="would be refused; no release was changed") as error:
        compare_checked(session, [prepared(release, REFUSED)], by_server(session))
    assert "ConfigMap/demo" in error.value.why
    assert status(session) == "pending-upgrade"


def test_an_error_after_a_recovery_reports_the_recovery(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    calls = []

    def check(comparisons, done):
        calls.append([item.state for item in comparisons])
        validate.require(["demo: refused"] if len(calls) > 1 else [], done)

    with pytest.raises(InputError) as error:
        compare_checked(session, [prepared(release, {})], check)
    assert error.value.what.endswith("before that, demo was rolled back to revision 1.")
    assert calls == [[ReleaseState.CUT_OFF], [ReleaseState.IN_SYNC]]
    assert status(session) == "deployed"


def test_a_helm_operation_that_may_go_on_elsewhere_is_left_alone(session, release):
    converge(session, release, {})
    leave_unfinished(session)
    assert compared(session, release, {}).state is ReleaseState.HELD_BY_ANOTHER
    with pytest.raises(LockedError, match="pending-upgrade"):
        compare_checked(session, [prepared(release, {})], by_server(session))
    assert status(session) == "pending-upgrade"


def test_a_release_that_is_cut_off_after_the_checks_is_not_changed(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    with pytest.raises(LockedError, match="pending-upgrade"):
        converge(session, release, {"greeting": "again"})
    assert status(session) == "pending-upgrade"
