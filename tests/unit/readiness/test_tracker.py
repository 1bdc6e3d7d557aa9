"""Waits for readiness over recorded events; only events and sleeps move the clock."""

import threading

import imitated_watches
import pytest

from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    NotReadyError,
    ReleaseFailedError,
)
from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness import failures, tracker
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import BY_MANIFEST, COLLECTIONS, EVENTS

PODS, SETS = COLLECTIONS["Pod"].format("n"), COLLECTIONS["StatefulSet"].format("n")
JOBS, EVENT_PATH = COLLECTIONS["Job"].format("n"), EVENTS.format("n")


class World(imitated_watches.World):
    def wait(self, timeout=20.0):
        observe = self.observations.append
        return tracker.wait_until_ready(self.view, observe=observe, **self.options(timeout))

    def watch_hooks(self, done):
        tracker.watch_hooks(
            self.view,
            done=done,
            stop=self.stop,
            observe=self.observations.append,
            clock=self.clock,
        )

    @property
    def new_causes(self):
        return [cause.code for item in self.observations for cause, _ in item.new]


def pod(*, ready=False, name="a", **status):
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "n", "uid": name, "labels": {INSTANCE: "r"}},
        "spec": {"containers": [{"name": "c", "image": "docker.io/x:1"}]},
        "status": {"phase": "Pending", "conditions": conditions, **status},
    }


def waiting(reason, message="", **more):
    state = {"waiting": {"reason": reason, "message": message}}
    item = {"name": "c", "ready": False, "state": state, "restartCount": 0}
    return {"containerStatuses": [item | more]}


def crash(message=""):
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    return waiting("CrashLoopBackOff", message, lastState=ended, restartCount=2)


def test_the_wait_ends_when_all_objects_are_ready():
    world = World().expect("Pod/a")
    world.put(PODS, pod())
    world.at(2, PODS, pod(ready=True))
    assert world.wait().ready
    assert world.clock.now() == 2
    assert not world.observations[0].snapshot.ready


def test_an_object_that_does_not_exist_yet_is_awaited():
    world = World().expect("Pod/a", "Pod/b")
    world.put(PODS, pod(ready=True))
    world.at(2, PODS, pod(ready=True, name="b"))
    assert len(world.wait().states) == 2
    assert world.clock.now() == 2


def test_the_release_has_to_stay_ready_for_the_settle_time():
    world = World(settle=6).expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.at(2, PODS, pod())
    world.at(4, PODS, pod(ready=True))
    world.wait()
    assert world.clock.now() == pytest.approx(10)
    assert [item.snapshot.ready for item in world.observations].count(False) >= 1


def test_an_expired_cause_ends_the_wait_with_the_error_of_its_code():
    world = World(grace={"ImageNotFound": 3}).expect("Pod/a")
    world.at(1, PODS, pod(**waiting("ErrImagePull", "docker.io/x:1: not found")))
    with pytest.raises(ArtifactError) as error:
        world.wait()
    assert world.clock.now() == pytest.approx(4, abs=0.01)
    assert "ImageNotFound" in error.value.what
    assert error.value.causes[0]["code"] == "ImageNotFound"
    assert str(error.value.why).startswith("Cause ImageNotFound: Pod/a container c:")
    assert "learnflow-infra diagnose s -n n" in str(error.value.remedy)
    assert world.new_causes == ["ImageNotFound"]


def test_a_cause_is_reported_after_a_tenth_of_its_grace():
    world = World(grace={"ImageNotFound": 10}).expect("Pod/a")
    world.put(PODS, pod(**waiting("ErrImagePull", "not found")))
    with pytest.raises(ArtifactError):
        world.wait()
    (left,) = [grace for item in world.observations for _, grace in item.new]
    assert left == pytest.approx(9, abs=0.01)


def test_a_cause_that_heals_within_its_grace_does_not_end_the_wait():
    world = World(grace={"ImageNotFound": 10}).expect("Pod/a")
    world.put(PODS, pod(**waiting("ErrImagePull", "not found")))
    world.at(9, PODS, pod(ready=True))
    assert world.wait().ready
    assert world.clock.now() == 9


def test_a_reported_cause_that_healed_is_reported_as_healed():
    world = World(grace={"ImageNotFound": 10}).expect("Pod/a", "Pod/b")
    world.put(PODS, pod(**waiting("ErrImagePull", "not found")))
    world.put(PODS, pod(name="b"))
    world.at(5, PODS, pod(ready=True))
    world.at(8, PODS, pod(ready=True, name="b"))
    world.wait()
    healed = [cause.code for item in world.observations for cause in item.healed]
    assert healed == world.new_causes == ["ImageNotFound"]


def test_the_timeout_names_everything_that_is_not_ready():
    world = World().expect("Pod/a", "StatefulSet/db")
    world.put(PODS, pod(**waiting("ContainerCreating")))
    with pytest.raises(NotReadyError, match="not ready after 3") as error:
        world.wait(3)
    assert world.clock.now() == pytest.approx(3)
    assert "StatefulSet/db" in str(error.value.why)
    assert "Pod/a" in str(error.value.why)


def test_a_log_line_names_a_cause_nearer_the_root():
    own = DeclaredCause(code="QuorumLost", message="no quorum", remedy="r", log="no quorum")
    world = World(
        log=["x", "there is no quorum"], grace={"ContainerCrashed": 2}, causes=(own,)
    ).expect("Pod/a")
    world.put(PODS, pod(**crash()))
    with pytest.raises(NotReadyError) as error:
        world.wait()
    assert error.value.causes[0]["code"] == "QuorumLost"


def test_a_declared_cause_has_its_own_grace_and_logs_are_read_once_for_each_start():
    own = DeclaredCause(code="WrongDisk", message="m", remedy="r", log="wrong disk", grace=4)
    world = World(log=["wrong disk"], causes=(own,)).expect("Pod/a")
    for number in range(4):  # the same start, reported again and again
        world.at(number, PODS, pod(**crash(f"back-off {number}")))
    with pytest.raises(NotReadyError, match="WrongDisk"):
        world.wait()
    assert len(world.kube.requests) == 2  # once during the wait, once for its error


def test_the_log_of_a_container_that_became_ready_is_no_cause():
    own = DeclaredCause(code="WrongDisk", message="m", remedy="r", log="wrong disk", grace=10)
    world = World(log=["wrong disk"], causes=(own,)).expect("Pod/a", "Pod/b")
    world.put(PODS, pod(**crash()))
    world.put(PODS, pod(name="b"))
    world.at(6, PODS, pod(ready=True))
    world.at(19, PODS, pod(ready=True, name="b"))
    assert world.wait().ready


def test_a_stateful_set_without_pods_is_explained_by_its_event():
    world = World(grace={"QuotaExceeded": 2}).expect("StatefulSet/db")
    labels = {INSTANCE: "r"}
    metadata = {"name": "db", "namespace": "n", "uid": "s", "generation": 1, "labels": labels}
    involved = {"kind": "StatefulSet", "name": "db", "uid": "s"}
    message = (
        'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota'
    )
    event = {
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "n"},
        "reason": "FailedCreate",
        "message": message,
        "involvedObject": involved,
        "type": "Warning",
    }
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
    world.put(EVENT_PATH, event)
    with pytest.raises(ReleaseFailedError, match="QuotaExceeded"):
        world.wait()


def test_a_lost_server_does_not_count_as_ready_and_is_reported():
    world = World().expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.watches.store.mark(PODS, "lost", "connection refused")
    with pytest.raises(ClusterUnreachableError) as error:
        world.wait(4)
    assert world.clock.now() == pytest.approx(4)
    assert "connection refused" in str(error.value.why)


def test_a_wait_continues_when_the_server_is_back():
    world = World().expect("Pod/a")
    world.put(PODS, pod(ready=True))
    world.watches.store.mark(PODS, "lost", "connection refused")
    world.clock.at(3, world.watches.store.mark, PODS, "live")
    assert world.wait().ready
    assert world.clock.now() == 3


def test_no_cause_ends_a_wait_while_the_server_is_lost():
    world = World(grace={"ImageNotFound": 2}).expect("Pod/a")
    world.put(PODS, pod(**waiting("ErrImagePull", "not found")))
    world.clock.at(1, world.watches.store.mark, PODS, "lost", "connection refused")
    world.clock.at(9, world.watches.store.mark, PODS, "live")
    with pytest.raises(ArtifactError):
        world.wait()
    assert world.clock.now() >= 9


def test_an_interrupt_ends_the_wait():
    world = World().expect("Pod/a")
    world.clock.at(1, world.stop.set)
    with pytest.raises(failures.StoppedError):
        world.wait()
    assert world.clock.now() < 2


def test_hooks_are_watched_until_helm_is_done_and_a_missing_one_is_no_cause():
    world = World().expect("Job/hook")
    done = threading.Event()
    world.clock.at(100, done.set)
    world.watch_hooks(done)
    assert world.clock.now() == 100
    assert world.observations
    assert not world.new_causes


def test_a_hook_that_cannot_succeed_is_an_error():
    world = World(grace={"ImageNotFound": 1}).expect("Pod/a")
    world.put(PODS, pod(**waiting("ErrImagePull", "not found")))
    with pytest.raises(ArtifactError):
        world.watch_hooks(threading.Event())


def test_a_failed_job_of_a_hook_is_left_to_helm():
    world = World(grace={"JobFailed": 0}).expect("Job/hook")
    done = threading.Event()
    world.clock.at(100, done.set)
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.put(
        JOBS,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "hook", "namespace": "n", "uid": "hook"},
            "spec": {"template": {}},
            "status": {"conditions": [failed]},
        },
    )
    world.watch_hooks(done)
    assert not world.new_causes


def stateful_set(replicas):
    metadata = {"name": "db", "namespace": "n", "uid": "s", "generation": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": 1, "replicas": replicas, "readyReplicas": replicas},
    }


def test_a_set_that_somebody_scaled_is_not_ready_unless_an_autoscaler_did():
    world = World(grace={"ReplicasChanged": 2})
    expected = Expected(names=("StatefulSet/db",), replicas={"StatefulSet/db": 1})
    world.view.follow(expected)
    world.put(SETS, stateful_set(0))
    with pytest.raises(NotReadyError, match="ReplicasChanged") as error:
        world.wait()
    assert "scale StatefulSet/db --replicas=1" in str(error.value.remedy)
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    scaler |= {"metadata": {"name": "h", "namespace": "n", "uid": "h"}}
    scaler |= {"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "db"}}}
    world.put(BY_MANIFEST["HorizontalPodAutoscaler"].format("n"), scaler)
    assert world.wait().ready


def test_the_timeout_tells_the_remedy_of_the_first_cause():
    world = World(grace={"LoadBalancerMissing": 60}).expect("Service/ext")
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}
    service |= {"metadata": {"name": "ext", "namespace": "n", "uid": "e"}, "status": {}}
    path = BY_MANIFEST["Service"].format("n")
    world.view.follow(Expected(names=("Service/ext",), kinds=(("v1", "Service"),)))
    world.put(path, service)
    with pytest.raises(NotReadyError) as error:
        world.wait(3)
    assert "minikube tunnel" in str(error.value.remedy)


def test_a_claim_that_values_name_is_searched_though_nobody_made_it_here():
    world = World().expect("Pod/a")
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    unscheduled["message"] = "0/1 nodes are available: pod has unbound immediate "
    unscheduled["message"] += "PersistentVolumeClaims."
    waits = pod(conditions=[unscheduled])
    waits["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "shared"}}]
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}
    claim |= {"metadata": {"name": "shared", "namespace": "n", "uid": "c"}}
    claim |= {"spec": {"storageClassName": "gone"}}
    world.put(PODS, waits)
    world.put(COLLECTIONS["PersistentVolumeClaim"].format("n"), claim)
    codes = [cause.code for cause in world.view.causes(world.view.snapshot())]
    assert codes == ["ClaimNoStorageClass"]
