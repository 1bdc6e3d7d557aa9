"""Objects of no release are explained without the rules of any release."""

import imitated_watches

from learnflow_infra.models import DeclaredCause, RemovedImages
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.unowned import unowned_causes
from learnflow_infra.readiness.watched import COLLECTIONS

PODS = COLLECTIONS["Pod"].format("n")
OWN = DeclaredCause(code="QuorumLost", message="no quorum", remedy="r", log="no quorum")
REMOVED = RemovedImages(prefix="docker.io/gone/", why="Gone since 2025.", remedy="Another.")


def pod(name, *, release="", reason="CrashLoopBackOff", image="x:1", message="", **item):
    state = {"waiting": {"reason": reason, "message": message}}
    container = {"name": "c", "ready": False, "state": state, "restartCount": 2, **item}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "uid": name, "labels": {INSTANCE: release}},
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"phase": "Running", "conditions": [], "containerStatuses": [container]},
    }


def crashed(name, release=""):
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    return pod(name, release=release, lastState=ended)


def causes(world):
    return unowned_causes(world.kube, world.watches, "n", [world.view])


def world(*pods, **release):
    result = imitated_watches.World(log=["there is no quorum"], **release).expect()
    for item in pods:
        result.put(PODS, item)
    return result


def test_a_declared_cause_applies_only_to_its_release():
    both = world(crashed("theirs"), crashed("ours", "r"), causes=(OWN,))
    assert [(cause.code, cause.object) for cause in causes(both)] == [
        ("ContainerCrashed", "Pod/theirs")
    ]


def test_removed_images_apply_to_objects_of_no_release():
    message = "docker.io/gone/db:1: not found"
    item = pod("theirs", reason="ErrImagePull", image="gone/db:1", message=message)
    (cause,) = causes(world(item, removed_images=(REMOVED,)))
    assert (cause.code, cause.remedy) == ("ImageTagRemoved", "Another.")


def test_without_unowned_objects_there_is_no_result():
    assert causes(world(crashed("ours", "r"))) is None
