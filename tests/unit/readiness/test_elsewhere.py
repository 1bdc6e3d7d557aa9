"""Objects of a release whose manifest names another namespace."""

from imitated_watches import World

from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import COLLECTIONS


def pod(namespace, name, **metadata):
    meta = {"namespace": namespace, "name": name, "uid": f"{namespace}/{name}", **metadata}
    status = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": [{"name": "c", "image": "docker.io/x:1"}]},
        "status": status,
    }


def test_they_are_judged_and_nothing_else_there_is():
    world = World()
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "far"}}
    world.view.follow(expected([manifest]))
    assert world.view.snapshot().missing == ("Pod/a",)
    path = COLLECTIONS["Pod"].format("far")
    world.put(path, pod("far", "a"))
    world.put(path, pod("far", "b"))
    world.put(path, pod("far", "c", labels={INSTANCE: "r"}))  # of another release of that name
    snapshot = world.view.snapshot()
    assert [obj["metadata"]["name"] for obj in snapshot.objects] == ["a"]
    assert (snapshot.missing, snapshot.ready) == ((), False)


def test_a_namespace_that_is_the_releases_own_is_watched_once():
    world = World()
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n"}}
    world.view.follow(expected([manifest]))
    world.put(COLLECTIONS["Pod"].format("n"), pod("n", "a"))
    assert len(world.view.snapshot().objects) == 1
