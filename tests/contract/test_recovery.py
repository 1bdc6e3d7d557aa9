"""Releases that a helm operation left unfinished, in a real API server."""

import asyncio

import pytest

from learnflow_infra.engine.preflight import refusals
from learnflow_infra.engine.release import validate
from learnflow_infra.engine.release.state import Action, ReleaseState
from learnflow_infra.errors import InputError, LockedError
from tests.contract.demo import checked, compared, converge, leave_unfinished, prepared, release_of
from tests.contract.demo_skill import gate_open

__all__ = ["gate_open"]

pytestmark = [pytest.mark.contract, pytest.mark.usefixtures("gate_open")]
LONG_AGO = "2026-01-01T00:00:00.123456789Z"
REFUSED = {"greeting": "hello, 'no key!': x"}
"""Values that give a ConfigMap a key which every API server refuses."""


@pytest.fixture
def release(tmp_path):
    return release_of(tmp_path)


def status(session):
    return asyncio.run(session.helm.live("demo")).status


def test_a_release_that_was_cut_off_is_rolled_back_and_compared_again(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    desired = prepared(release, {"greeting": "again"})
    again = checked(session, desired)
    assert (again.state, again.live.revision) == (ReleaseState.OUT_OF_SYNC, 3)
    _, outcome = converge(session, release, {"greeting": "again"})
    assert outcome.computed == {"greeting": "again"}
    assert status(session) == "deployed"


def test_an_installation_that_was_cut_off_is_uninstalled(session, release):
    converge(session, release, {})
    leave_unfinished(session, "pending-install", revision=1, begun=LONG_AGO)
    assert compared(session, release, {}).action is Action.UNINSTALL
    again = checked(session, prepared(release, {}))
    assert (again.state, again.live) == (ReleaseState.ABSENT, None)
    objects = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    assert session.kube.find(objects) is None


def test_a_refused_manifest_leaves_a_release_that_was_cut_off_untouched(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    assert compared(session, release, REFUSED).state is ReleaseState.CUT_OFF
    with pytest.raises(InputError, match=r"would be refused\. No release was changed") as error:
        checked(session, prepared(release, REFUSED))
    assert "ConfigMap/demo" in error.value.why
    assert status(session) == "pending-upgrade"


def test_an_error_after_a_recovery_reports_the_recovery(session, release, monkeypatch):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    calls = []

    def refuse(proposal):
        calls.append([item.state for item in proposal.comparisons])
        validate.require(["demo: refused"] if len(calls) > 1 else [])

    monkeypatch.setattr(refusals, "ALL", [refuse])
    with pytest.raises(InputError) as error:
        checked(session, prepared(release, {}))
    assert error.value.what.endswith("Before that, demo was rolled back to revision 1.")
    assert calls == [[ReleaseState.CUT_OFF], [ReleaseState.IN_SYNC]]
    assert status(session) == "deployed"


def test_a_helm_operation_that_may_go_on_elsewhere_is_left_alone(session, release):
    converge(session, release, {})
    leave_unfinished(session)
    assert compared(session, release, {}).state is ReleaseState.HELD_BY_ANOTHER
    with pytest.raises(LockedError, match="pending-upgrade"):
        checked(session, prepared(release, {}))
    assert status(session) == "pending-upgrade"


def test_a_release_that_is_cut_off_after_the_checks_is_not_changed(session, release):
    converge(session, release, {})
    leave_unfinished(session, begun=LONG_AGO)
    with pytest.raises(LockedError, match="pending-upgrade"):
        converge(session, release, {"greeting": "again"})
    assert status(session) == "pending-upgrade"
