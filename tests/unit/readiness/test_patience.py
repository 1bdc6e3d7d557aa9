import math

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import POLICIES, Cause
from learnflow_infra.readiness.patience import Patience


def cause(code="ContainerCrashed", name="Pod/a"):
    return Cause(code=code, object=name, message="m")


GRACE = {"ContainerCrashed": 10.0, "QuotaExceeded": 2.0}


def test_a_cause_is_over_when_it_lasted_for_its_grace():
    patience = Patience(GRACE)
    patience.take([cause()], 100)
    patience.take([cause()], 109)
    assert patience.over(109.9) == []
    assert patience.over(110) == [cause()]


def test_one_that_healed_begins_anew():
    patience = Patience(GRACE)
    patience.take([cause()], 0)
    patience.take([], 9)
    patience.take([cause()], 9.5)
    assert patience.over(18) == []
    assert patience.over(19.5) == [cause()]


def test_a_cause_is_told_once_and_only_when_it_lasts():
    patience = Patience(GRACE)
    patience.take([cause()], 100)
    assert (patience.news(100.5), patience.next(100.5)) == (([], []), 0.5)
    assert patience.news(101) == ([(cause(), 9)], [])
    assert (patience.news(102), patience.next(102)) == (([], []), 8)
    patience.take([], 103)
    assert patience.news(103) == ([], [cause()])
    assert patience.news(104) == ([], [])


def test_a_cause_that_healed_at_once_is_not_told():
    patience = Patience(GRACE)
    patience.take([cause()], 100)
    patience.take([], 100.9)
    assert patience.news(102) == ([], [])


def test_what_never_ends_a_wait_is_not_told():
    patience = Patience()
    patience.take([cause("NotReady")], 0)
    assert (patience.news(1e9), patience.next(0)) == (([], []), math.inf)


def test_the_next_end_is_known_beforehand():
    patience = Patience(GRACE)
    assert patience.next(0) == math.inf
    patience.take([cause(), cause("QuotaExceeded", "StatefulSet/a")], 0)
    patience.news(1)
    assert patience.next(1) == 1
    assert [c.code for c in patience.over(3)] == ["QuotaExceeded"]


def test_another_object_with_the_same_trouble_has_its_own_time():
    patience = Patience(GRACE)
    patience.take([cause()], 0)
    patience.take([cause(name="Pod/b")], 9)
    assert patience.over(15) == []


def test_what_is_only_told_is_never_over():
    patience = Patience()
    patience.take([cause("NotReady")], 0)
    assert patience.over(1e9) == []


def test_the_policies_are_the_default_and_a_skill_declares_its_own():
    own = DeclaredCause(code="QuorumLost", message="m", remedy="r", grace=7)
    patience = Patience({}, [own])
    assert patience.policy(cause()) == POLICIES["ContainerCrashed"]
    assert patience.policy(cause("QuorumLost")).grace == 7
    assert Patience({"QuorumLost": 1}, [own]).policy(cause("QuorumLost")).grace == 1
