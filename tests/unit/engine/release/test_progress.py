from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.events import CauseGone, CauseSeen, ObjectGone, ObjectSeen, StepProgress
from learnflow_infra.readiness.causes import Cause, DeclaredCode
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.tracker import Observation


def thing(kind, name, owner=None):
    owners = [{"kind": owner["kind"], "uid": owner["metadata"]["uid"]}] if owner else []
    metadata = {"name": name, "uid": name, "ownerReferences": owners}
    return {"kind": kind, "metadata": metadata | {"creationTimestamp": "2026-01-01T00:00:01Z"}}


APP = thing("Deployment", "app")
SET = thing("ReplicaSet", "app-1", APP)
POD = thing("Pod", "app-1-x", SET)
WAITS, READY = (Status(state=s, message="m") for s in ("InProgress", "Current"))


def observation(states):
    return Observation(snapshot=Snapshot(states=tuple(states)))


def reported(*observations):
    events = []
    report = ProgressReporter(events.append, "release/r")
    for item in observations:
        report(item if isinstance(item, Observation) else observation(item))
    return [event for event in events if not isinstance(event, StepProgress)]


def test_the_owner_of_a_pod_leaves_replica_sets_out():
    found = reported([(APP, WAITS), (SET, WAITS), (POD, WAITS)])
    assert [(e.object, e.owner) for e in found] == [
        ("Deployment/app", ""),
        ("Pod/app-1-x", "Deployment/app"),
    ]
    assert found[0].created == 1767225601.0


def test_a_status_is_reported_when_it_changes():
    same = Status(state="InProgress", message="m")
    found = reported([(APP, WAITS)], [(APP, WAITS)], [(APP, same)], [(APP, READY)])
    assert [event.state for event in found] == ["InProgress", "Current"]


def test_a_deleted_object_is_reported_once_and_again_when_it_comes_back():
    found = reported([(APP, READY)], [], [], [(APP, READY)])
    assert [type(event) for event in found] == [ObjectSeen, ObjectGone, ObjectSeen]


def test_causes_come_and_go():
    cause = Cause(code=DeclaredCode("C"), object="Pod/x", message="m")
    empty = Snapshot()
    came = Observation(snapshot=empty, new=[(cause, 3.0)])
    found = reported(came, Observation(snapshot=empty), Observation(snapshot=empty, healed=[cause]))
    assert [type(event) for event in found] == [CauseSeen, CauseGone]
    assert found[0].grace == 3.0
