"""What state a release is in, and what a deploy does about it: two tables."""

import pytest

from learnflow_infra.clients.helm_output import Live, Rendered
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.state import (
    Action,
    Observed,
    ReleaseState,
    action_for,
    state_of,
)

CHANGE = Change(object="ConfigMap/a", kind="changed", text="")


def observed(status, deployed=None, held_for=0.0):
    return Observed(
        live=revision(2, status),
        deployed=revision(deployed, "deployed") if deployed else None,
        held_for=held_for,
    )


def revision(number, status):
    return Live(revision=number, status=status, manifest=Manifest(), values={"a": 1})


def desired(**values):
    return Rendered(manifest=Manifest(), values=values)


def finding(state):
    return Finding(desired={}, path="", state=state, change=CHANGE)


@pytest.mark.parametrize(
    ("observed", "comparison", "state"),
    [
        (Observed(), {}, ReleaseState.ABSENT),
        (Observed(), {"desired": desired(a=1), "diff": [CHANGE]}, ReleaseState.ABSENT),
        (observed("uninstalled"), {}, ReleaseState.ABSENT),
        (observed("pending-install"), {}, ReleaseState.CUT_OFF),
        (observed("pending-upgrade", 1), {"diff": [CHANGE]}, ReleaseState.CUT_OFF),
        (observed("pending-rollback", 1), {}, ReleaseState.CUT_OFF),
        (observed("uninstalling", 1), {}, ReleaseState.CUT_OFF),
        (observed("pending-upgrade", 1, held_for=0.1), {}, ReleaseState.HELD_BY_ANOTHER),
        (observed("uninstalling", held_for=300), {}, ReleaseState.HELD_BY_ANOTHER),
        (observed("failed"), {}, ReleaseState.FAILED),
        (observed("failed"), {"desired": desired(a=1)}, ReleaseState.FAILED),
        (observed("superseded"), {}, ReleaseState.FAILED),
        (observed("unknown"), {}, ReleaseState.FAILED),
        (observed("deployed"), {"desired": desired(a=2)}, ReleaseState.OUT_OF_SYNC),
        (observed("deployed"), {"diff": [CHANGE]}, ReleaseState.OUT_OF_SYNC),
        (observed("deployed"), {"findings": [finding("gone")]}, ReleaseState.OUT_OF_SYNC),
        (
            observed("deployed"),
            {"findings": [finding("drifted"), finding("failed")]},
            ReleaseState.OUT_OF_SYNC,
        ),
        (observed("deployed"), {"findings": [finding("drifted")]}, ReleaseState.DRIFTED),
        (observed("deployed"), {"desired": desired(a=1)}, ReleaseState.IN_SYNC),
        (observed("deployed"), {}, ReleaseState.IN_SYNC),
    ],
)
def test_the_state_of_a_release(observed, comparison, state):
    assert state_of(observed, **comparison) is state


@pytest.mark.parametrize(
    ("state", "observed", "action"),
    [
        (ReleaseState.ABSENT, Observed(), Action.INSTALL),
        (ReleaseState.HELD_BY_ANOTHER, observed("pending-upgrade", 1, 9.0), Action.REFUSE),
        (ReleaseState.CUT_OFF, observed("pending-install"), Action.UNINSTALL),
        (ReleaseState.CUT_OFF, observed("pending-upgrade", 3), Action.ROLL_BACK),
        (ReleaseState.CUT_OFF, observed("pending-rollback", 2), Action.ROLL_BACK),
        (ReleaseState.CUT_OFF, observed("uninstalling", 2), Action.UNINSTALL),
        (ReleaseState.FAILED, observed("failed", 1), Action.UPGRADE),
        (ReleaseState.OUT_OF_SYNC, observed("deployed"), Action.UPGRADE),
        (ReleaseState.DRIFTED, observed("deployed"), Action.MEND),
        (ReleaseState.IN_SYNC, observed("deployed"), Action.NONE),
    ],
)
def test_what_a_deploy_does_with_it(state, observed, action):
    assert action_for(state, observed) is action


def test_a_failed_release_is_rolled_back_first_if_an_upgrade_would_leave_something():
    failed = observed("failed", 1)
    assert action_for(ReleaseState.FAILED, failed, leftovers=True) is Action.ROLL_BACK
    assert action_for(ReleaseState.FAILED, observed("failed"), leftovers=True) is Action.UPGRADE


@pytest.mark.parametrize(
    ("observed", "baseline"),
    [
        (Observed(), None),
        (Observed(live=revision(2, "deployed"), deployed=revision(2, "deployed")), 2),
        (observed("failed", 1), 1),
        (observed("failed"), 2),
        (observed("superseded"), 2),
        (observed("pending-upgrade", 1), 1),
        (observed("pending-install"), None),
        (observed("uninstalling", 1), None),
        (observed("uninstalled", 1), None),
    ],
)
def test_the_revision_that_a_deploy_starts_from(observed, baseline):
    assert (observed.baseline.revision if observed.baseline else None) == baseline


def test_every_state_has_an_action():
    assert all(isinstance(action_for(state, Observed()), Action) for state in ReleaseState)
