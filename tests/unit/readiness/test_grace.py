import math

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import Cause, Code, DeclaredCode, policy
from learnflow_infra.readiness.grace import Changes, GracePeriods


def cause(code=Code.ContainerCrashed, name="Pod/a"):
    return Cause(code=code, object=name, message="m")


NOTHING = Changes(new=[], healed=[])
GRACE = {"ContainerCrashed": 10.0, "QuotaExceeded": 2.0}


def test_a_cause_expires_when_it_has_lasted_for_its_grace():
    periods = GracePeriods(GRACE)
    periods.update([cause()], 100)
    periods.update([cause()], 109)
    assert periods.expired(109.9) == []
    assert periods.expired(110) == [cause()]


def test_the_grace_of_a_healed_cause_starts_again():
    periods = GracePeriods(GRACE)
    periods.update([cause()], 0)
    periods.update([], 9)
    periods.update([cause()], 9.5)
    assert periods.expired(18) == []
    assert periods.expired(19.5) == [cause()]


def test_a_lasting_cause_is_reported_once():
    periods = GracePeriods(GRACE)
    periods.update([cause()], 100)
    assert (periods.changes(100.5), periods.next(100.5)) == (NOTHING, 0.5)
    assert periods.changes(101) == Changes(new=[(cause(), 9)], healed=[])
    assert (periods.changes(102), periods.next(102)) == (NOTHING, 8)
    periods.update([], 103)
    assert periods.changes(103) == Changes(new=[], healed=[cause()])
    assert periods.changes(104) == NOTHING


def test_a_cause_that_healed_at_once_is_not_reported():
    periods = GracePeriods(GRACE)
    periods.update([cause()], 100)
    periods.update([], 100.9)
    assert periods.changes(102) == NOTHING


def test_a_cause_that_never_ends_a_wait_is_not_reported():
    periods = GracePeriods()
    periods.update([cause(Code.NotReady)], 0)
    assert (periods.changes(1e9), periods.next(0)) == (NOTHING, math.inf)


def test_the_time_until_the_next_end():
    periods = GracePeriods(GRACE)
    assert periods.next(0) == math.inf
    periods.update([cause(), cause(Code.QuotaExceeded, "StatefulSet/a")], 0)
    periods.changes(1)
    assert periods.next(1) == 1
    assert [c.code for c in periods.expired(3)] == ["QuotaExceeded"]


def test_the_same_cause_at_another_object_has_a_separate_grace():
    periods = GracePeriods(GRACE)
    periods.update([cause()], 0)
    periods.update([cause(name="Pod/b")], 9)
    assert periods.expired(15) == []


def test_a_cause_without_an_end_never_expires():
    periods = GracePeriods()
    periods.update([cause(Code.NotReady)], 0)
    assert periods.expired(1e9) == []


def test_a_skill_overrides_and_adds_policies():
    own = DeclaredCause(code="QuorumLost", message="m", remedy="r", grace=7)
    periods = GracePeriods({}, [own])
    assert periods.policy(cause()) == policy(Code.ContainerCrashed, {})
    assert periods.policy(cause(DeclaredCode("QuorumLost"))).grace == 7
    assert (
        GracePeriods({"QuorumLost": 1}, [own]).policy(cause(DeclaredCode("QuorumLost"))).grace == 1
    )


def test_a_cause_may_last_longer_than_others_of_its_code():
    periods = GracePeriods(GRACE)
    patient = Cause(code=Code.ContainerCrashed, object="Pod/a", message="m", grace=30)
    periods.update([patient], 0)
    assert periods.expired(29) == []
    assert periods.expired(30) == [patient]
    assert "grace" not in patient.document()
