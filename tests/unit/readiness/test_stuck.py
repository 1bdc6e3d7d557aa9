import copy

import pytest

from learnflow_infra.readiness.stuck import soon_replaced, stuck_pods

SET = {
    "kind": "StatefulSet",
    "metadata": {"name": "db", "uid": "set", "generation": 3},
    "spec": {"replicas": 1},
    "status": {"observedGeneration": 3, "updateRevision": "new"},
}
POD = {
    "kind": "Pod",
    "metadata": {
        "name": "db-0",
        "uid": "pod",
        "labels": {"controller-revision-hash": "old"},
        "ownerReferences": [{"uid": "set"}],
    },
    "status": {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}],
    },
}


def changed(obj, **parts):
    copied = copy.deepcopy(obj)
    for part, value in parts.items():
        copied[part].update(value)
    return copied


def names(*objects):
    return [pod["metadata"]["name"] for pod in stuck_pods(objects)]


def test_a_pod_that_waits_for_an_image_of_an_old_revision_is_stuck():
    assert names(SET, POD) == ["db-0"]


def test_an_unschedulable_pod_is_stuck():
    unscheduled = {"conditions": [{"type": "PodScheduled", "status": "False"}]}
    pod = changed(POD, status={**unscheduled, "containerStatuses": []})
    assert names(SET, pod) == ["db-0"]


@pytest.mark.parametrize(
    ("statefulset", "pod"),
    [
        (SET, changed(POD, metadata={"labels": {"controller-revision-hash": "new"}})),
        (SET, changed(POD, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})),
        (SET, changed(POD, metadata={"ownerReferences": [{"uid": "another"}]})),
        (SET, changed(POD, metadata={"ownerReferences": []})),
        (SET, changed(POD, status={"containerStatuses": [{"state": {"running": {}}}]})),
        (SET, changed(POD, status={"containerStatuses": []})),
        (changed(SET, status={"observedGeneration": 2}), POD),
        (changed(SET, spec={"updateStrategy": {"type": "OnDelete"}}), POD),
        (changed(SET, spec={"updateStrategy": {"rollingUpdate": {"partition": 1}}}), POD),
    ],
    ids=[
        "newest",
        "being deleted",
        "of another controller",
        "without a controller",
        "runs",
        "not started",
        "spec not observed",
        "on-delete",
        "partition",
    ],
)
def test_other_pods_are_not_stuck(statefulset, pod):
    assert names(statefulset, pod) == []


def test_pods_of_a_controller_behind_its_spec_are_soon_replaced():
    late = changed(SET, status={"observedGeneration": 2})
    assert soon_replaced([late, POD]) == {"pod"}
    assert soon_replaced([SET, POD]) == {"pod"}
    newest = changed(POD, metadata={"labels": {"controller-revision-hash": "new"}})
    assert soon_replaced([SET, newest]) == set()
