"""When the wait for what goes ends, and how: over a store that the test fills."""

import threading

import imitated_watches
import pytest

from learnflow_infra.errors import ClusterUnreachableError, NotReadyError, ReleaseFailedError
from learnflow_infra.readiness import gone, tracker
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import COLLECTIONS

PODS = COLLECTIONS["Pod"].format("n")


class World(imitated_watches.World):
    def gone(self, seconds=20.0):
        gone.wait(self.view, goes=lambda _: True, seconds=seconds, stop=self.stop)

    def take_away(self, obj):
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.watches.store.apply(PODS, "DELETED", obj)


def pod(**metadata):
    labels = {INSTANCE: "r"}
    metadata = {"name": "a", "namespace": "n", "uid": "a", "labels": labels, **metadata}
    spec = {"containers": [{"name": "c", "image": "docker.io/x:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}


def leaving(*finalizers):
    return pod(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=list(finalizers))


def test_it_ends_when_the_last_is_gone():
    world = World().expect("Pod/a")
    world.put(PODS, pod())
    threading.Timer(0.3, world.take_away, (pod(),)).start()
    world.gone()


def test_what_is_left_is_named():
    world = World().expect()
    world.put(PODS, leaving())
    with pytest.raises(NotReadyError, match=r"r is not gone within 0 s\.\nPod/a: "):
        world.gone(seconds=0.2)


def test_what_does_not_have_to_go_is_not_waited_for():
    world = World().expect()
    world.put(PODS, pod())
    gone.wait(world.view, goes=lambda obj: obj["kind"] == "Job", seconds=1, stop=world.stop)


def test_a_finalizer_that_stays_ends_it_after_its_grace():
    world = World(grace={"FinalizerStuck": 0.3}).expect()
    world.put(PODS, leaving("example.org/hold"))
    with pytest.raises(NotReadyError, match="FinalizerStuck") as error:
        world.gone()
    assert "example.org/hold" in error.value.why
    assert "patch Pod/a" in str(error.value.remedy)


def test_who_may_not_see_is_told_so():
    world = World(grace={"RightsMissing": 0.2}).expect()
    world.watches.store.mark(PODS, "denied", "forbidden")
    with pytest.raises(ReleaseFailedError, match="RightsMissing"):
        world.gone()


def test_a_server_that_stays_away_is_not_taken_for_gone():
    world = World().expect()
    world.watches.store.mark(PODS, "lost", "connection refused")
    with pytest.raises(ClusterUnreachableError) as error:
        world.gone(seconds=0.3)
    assert error.value.why == "connection refused"


def test_an_interrupt_ends_it():
    world = World().expect()
    world.put(PODS, pod())
    threading.Timer(0.1, world.stop.set).start()
    with pytest.raises(tracker.StoppedError):
        world.gone()
