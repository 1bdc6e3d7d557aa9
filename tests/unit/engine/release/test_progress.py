from learnflow_infra.engine.release.progress import Teller
from learnflow_infra.events import CauseGone, CauseSeen, ObjectGone, ObjectSeen, StepProgress
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.tracker import Seen


def thing(kind, name, owner=None):
    owners = [{"kind": owner["kind"], "uid": owner["metadata"]["uid"]}] if owner else []
    metadata = {"name": name, "uid": name, "ownerReferences": owners}
    return {"kind": kind, "metadata": metadata | {"creationTimestamp": "2026-01-01T00:00:01Z"}}


APP = thing("Deployment", "app")
SET = thing("ReplicaSet", "app-1", APP)
POD = thing("Pod", "app-1-x", SET)
WAITS, READY = (Status(state=s, message="m") for s in ("InProgress", "Current"))


def told(*looks):
    events = []
    teller = Teller(events.append, "release/r")
    for look in looks:
        teller(look if isinstance(look, Seen) else Seen(snapshot=Snapshot(states=tuple(look))))
    return [event for event in events if not isinstance(event, StepProgress)]


def test_pods_hang_under_what_people_think_that_they_belong_to():
    found = told([(APP, WAITS), (SET, WAITS), (POD, WAITS)])
    assert [(e.object, e.owner) for e in found] == [
        ("Deployment/app", ""),
        ("Pod/app-1-x", "Deployment/app"),
    ]
    assert found[0].created == 1767225601.0


def test_a_status_is_told_when_it_is_another():
    same = Status(state="InProgress", message="m")
    found = told([(APP, WAITS)], [(APP, WAITS)], [(APP, same)], [(APP, READY)])
    assert [event.state for event in found] == ["InProgress", "Current"]


def test_what_is_gone_is_told_once_and_what_comes_back_again():
    found = told([(APP, READY)], [], [], [(APP, READY)])
    assert [type(event) for event in found] == [ObjectSeen, ObjectGone, ObjectSeen]


def test_causes_come_and_go():
    cause = Cause(code="C", object="Pod/x", message="m")
    empty = Snapshot()
    came = Seen(snapshot=empty, new=[(cause, 3.0)])
    found = told(came, Seen(snapshot=empty), Seen(snapshot=empty, gone=[cause]))
    assert [type(event) for event in found] == [CauseSeen, CauseGone]
    assert found[0].grace == 3.0
