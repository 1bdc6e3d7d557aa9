"""Waits for removal over recorded events; only events and sleeps move the clock."""

import imitated_watches
import pytest

from learnflow_infra.errors import ClusterUnreachableError, FoundationError, NotReadyError
from learnflow_infra.readiness import failures, gone
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import COLLECTIONS

PODS = COLLECTIONS["Pod"].format("n")


class World(imitated_watches.World):
    def gone(self, timeout=20.0, removed=lambda _: True):
        gone.wait_until_gone(self.view, removed=removed, **self.options(timeout))


def pod(**metadata):
    labels = {INSTANCE: "r"}
    metadata = {"name": "a", "namespace": "n", "uid": "a", "labels": labels, **metadata}
    spec = {"containers": [{"name": "c", "image": "docker.io/x:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}


def deleted(*finalizers):
    return pod(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=list(finalizers))


def test_the_wait_ends_when_the_last_object_is_gone():
    world = World().expect("Pod/a")
    world.put(PODS, pod())
    world.at(1, PODS, deleted())
    world.at(3, PODS, deleted(), "DELETED")
    world.gone()
    assert world.clock.now() == 3


def test_remaining_objects_are_named():
    world = World().expect()
    world.put(PODS, deleted())
    with pytest.raises(NotReadyError, match=r"r is not gone within 2 s\.\nPod/a: "):
        world.gone(timeout=2)
    assert world.clock.now() == pytest.approx(2)


def test_an_object_that_is_kept_is_not_awaited():
    world = World().expect()
    world.put(PODS, pod())
    world.gone(removed=lambda obj: obj["kind"] == "Job")
    assert world.clock.now() == 0


def test_a_stuck_finalizer_ends_the_wait_after_its_grace():
    world = World(grace={"FinalizerStuck": 3}).expect()
    world.put(PODS, deleted("example.org/hold"))
    with pytest.raises(NotReadyError, match="FinalizerStuck") as error:
        world.gone()
    assert 3 <= world.clock.now() < 4
    assert "example.org/hold" in str(error.value.why)
    assert "patch Pod/a" in str(error.value.remedy)


def test_a_missing_right_is_named():
    world = World(grace={"RightsMissing": 2}).expect()
    world.watches.store.mark(PODS, "denied", "forbidden")
    with pytest.raises(FoundationError, match="RightsMissing"):
        world.gone()


def test_a_lost_server_does_not_count_as_removed():
    world = World().expect()
    world.watches.store.mark(PODS, "lost", "connection refused")
    with pytest.raises(ClusterUnreachableError) as error:
        world.gone(timeout=3)
    assert world.clock.now() == pytest.approx(3)
    assert str(error.value.why) == "connection refused"


def test_an_interrupt_ends_the_wait():
    world = World().expect()
    world.put(PODS, pod())
    world.clock.at(1, world.stop.set)
    with pytest.raises(failures.StoppedError):
        world.gone()
    assert world.clock.now() < 2
