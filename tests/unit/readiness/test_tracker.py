"""When a wait ends, and how: over a store that the test fills, with a clock that runs."""

import threading
import time

import imitated_watches
import pytest

from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    NotReadyError,
    ReleaseFailedError,
)
from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import COLLECTIONS, EVENTS
from learnflow_infra.timestamps import seconds_of

PODS, SETS = COLLECTIONS["Pod"].format("n"), COLLECTIONS["StatefulSet"].format("n")
EVENT_PATH = EVENTS.format("n")


class World(imitated_watches.World):
    def wait(self, seconds=20.0):
        return tracker.wait(self.view, seconds=seconds, stop=self.stop, seen=self.seen.append)


def pod(*, ready=False, name="a", **status):
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "n", "uid": name, "labels": {INSTANCE: "r"}},
        "spec": {"containers": [{"name": "c", "image": "docker.io/x:1"}]},
        "status": {"phase": "Pending", "conditions": conditions, **status},
    }


def waits(reason, message="", **more):
    state = {"waiting": {"reason": reason, "message": message}}
    item = {"name": "c", "ready": False, "state": state, "restartCount": 0}
    return {"containerStatuses": [item | more]}


def test_it_ends_when_all_is_ready():
    world = World().expect("Pod/a")
    world.put(PODS, pod())
    world.later(0.2, PODS, pod(ready=True))
    assert world.wait().ready
    assert not world.seen[0].snapshot.ready


def test_what_does_not_exist_yet_is_waited_for():
    world = World().expect("Pod/a", "Pod/b")
    world.put(PODS, pod(ready=True))
    world.later(0.2, PODS, pod(ready=True, name="b"))
    assert len(world.wait().states) == 2


def test_it_has_to_stay_ready_for_the_settle_time():
    world = World(settle=0.6).expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.later(0.2, PODS, pod())
    world.later(0.4, PODS, pod(ready=True))
    world.wait()
    assert [s.snapshot.ready for s in world.seen].count(False) >= 1


def test_a_cause_ends_it_once_its_grace_is_over_in_the_class_of_its_code():
    world = World(grace={"ImageNotFound": 0.3}).expect("Pod/a")
    world.put(PODS, pod(**waits("ErrImagePull", "docker.io/x:1: not found")))
    with pytest.raises(ArtifactError) as error:
        world.wait()
    assert "ImageNotFound" in error.value.what
    assert error.value.causes[0]["code"] == "ImageNotFound"
    assert error.value.why.startswith("Cause ImageNotFound: Pod/a container c:")
    assert "learnflow-infra diagnose s -n n" in str(error.value.remedy)
    new = [cause.code for seen in world.seen for cause, _ in seen.new]
    assert new == ["ImageNotFound"]


def test_a_cause_that_heals_within_its_grace_is_waited_out():
    world = World(grace={"ImageNotFound": 10}).expect("Pod/a")
    world.put(PODS, pod(**waits("ErrImagePull", "not found")))
    world.later(0.7, PODS, pod(ready=True))
    assert world.wait().ready


def test_the_timeout_names_everything_that_is_not_ready():
    world = World().expect("Pod/a", "StatefulSet/db")
    world.put(PODS, pod(**waits("ContainerCreating")))
    with pytest.raises(NotReadyError, match="not ready after 0") as error:
        world.wait(0.3)
    assert "StatefulSet/db" in error.value.why
    assert "Pod/a" in error.value.why


def test_a_log_tells_what_is_nearer_the_root():
    own = DeclaredCause(code="QuorumLost", message="no quorum", remedy="r", log="no quorum")
    world = World(
        log=["x", "there is no quorum"], grace={"ContainerCrashed": 0.2}, causes=(own,)
    ).expect("Pod/a")
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    crash = waits("CrashLoopBackOff", lastState=ended, restartCount=2)
    world.put(PODS, pod(**crash))
    with pytest.raises(NotReadyError) as error:
        world.wait()
    assert error.value.causes[0]["code"] == "QuorumLost"


def test_a_declared_cause_has_its_own_grace_and_logs_are_read_once_for_each_start():
    own = DeclaredCause(code="WrongDisk", message="m", remedy="r", log="wrong disk", grace=0.4)
    world = World(log=["wrong disk"], causes=(own,)).expect("Pod/a")
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    for number in range(4):  # the same start, told of again and again
        crash = waits("CrashLoopBackOff", lastState=ended, restartCount=2)
        crash["containerStatuses"][0]["state"]["waiting"]["message"] = f"back-off {number}"
        world.later(number * 0.3, PODS, pod(**crash))
    with pytest.raises(NotReadyError, match="WrongDisk"):
        world.wait()
    assert len(world.kube.asked) == 2  # once while it waited, once for the report


def test_what_a_container_said_before_it_was_ready_is_no_cause():
    own = DeclaredCause(code="WrongDisk", message="m", remedy="r", log="wrong disk", grace=1.0)
    world = World(log=["wrong disk"], causes=(own,)).expect("Pod/a", "Pod/b")
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    crash = waits("CrashLoopBackOff", lastState=ended, restartCount=2)
    world.put(PODS, pod(**crash))
    world.put(PODS, pod(name="b"))
    world.later(0.6, PODS, pod(ready=True))
    world.later(2.0, PODS, pod(ready=True, name="b"))
    assert world.wait().ready


def test_a_container_that_just_began_is_not_asked(monkeypatch):
    from learnflow_infra.readiness import logs

    now = seconds_of("2026-01-01T00:00:00Z")
    monkeypatch.setattr(logs.time, "time", lambda: now)
    item = {"name": "c", "ready": False, "containerID": "x", "restartCount": 0}
    ages = []
    for age in (5, 16, 20, 31, 59, 61, 300):
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - age))
        ages.append(logs._age({**item, "state": {"running": {"startedAt": started}}}))
    assert ages == [None, 0, 0, 1, 1, 2, 4]


def test_no_pod_at_all_is_explained_by_the_event_of_its_maker():
    world = World(grace={"QuotaExceeded": 0.2}).expect("StatefulSet/db")
    labels = {INSTANCE: "r"}
    metadata = {"name": "db", "namespace": "n", "uid": "s", "generation": 1, "labels": labels}
    about = {"kind": "StatefulSet", "name": "db", "uid": "s"}
    said = (
        'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota'
    )
    event = {"reason": "FailedCreate", "message": said, "involvedObject": about, "type": "Warning"}
    world.put(
        SETS,
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": metadata,
            "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 0},
        },
    )
    world.put(EVENT_PATH, {"kind": "Event", "metadata": {"name": "e", "namespace": "n"}, **event})
    with pytest.raises(ReleaseFailedError, match="QuotaExceeded"):
        world.wait()


def test_a_lost_server_is_not_taken_for_ready_and_is_told_at_the_end():
    world = World().expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.watches.store.mark(PODS, "lost", "connection refused")
    with pytest.raises(ClusterUnreachableError) as error:
        world.wait(0.4)
    assert "connection refused" in error.value.why


def test_a_server_that_comes_back_lets_it_go_on():
    world = World().expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.watches.store.mark(PODS, "lost", "connection refused")
    threading.Timer(0.3, world.watches.store.mark, (PODS, "live")).start()
    assert world.wait().ready


def test_an_interrupt_ends_it():
    world = World().expect("Pod/a")
    threading.Timer(0.1, world.stop.set).start()
    with pytest.raises(tracker.StoppedError):
        world.wait()


def test_a_guard_ends_when_the_work_is_done_and_misses_nothing():
    world = World().expect("Job/hook")
    done = threading.Event()
    threading.Timer(0.2, done.set).start()
    tracker.guard(world.view, done=done, stop=world.stop, seen=world.seen.append)
    assert world.seen


def test_a_guard_raises_what_a_hook_cannot_get_over():
    world = World(grace={"ImageNotFound": 0.1}).expect("Pod/a")
    world.put(PODS, pod(**waits("ErrImagePull", "not found")))
    with pytest.raises(ArtifactError):
        tracker.guard(world.view, done=threading.Event(), stop=world.stop, seen=world.seen.append)


def test_a_guard_leaves_a_failed_hook_to_helm():
    world = World(grace={"JobFailed": 0}).expect("Job/hook")
    done = threading.Event()
    threading.Timer(1, done.set).start()
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.put(
        COLLECTIONS["Job"].format("n"),
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "hook", "namespace": "n", "uid": "hook"},
            "spec": {"template": {}},
            "status": {"conditions": [failed]},
        },
    )
    tracker.guard(world.view, done=done, stop=world.stop, seen=world.seen.append)
    assert not any(seen.new for seen in world.seen)
