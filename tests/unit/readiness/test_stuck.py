import copy

import pytest

from learnflow_infra.readiness.stuck import PATIENCE, soon_replaced, stuck_pods
from learnflow_infra.timestamps import seconds_of

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


NOW = 1_795_000_000.0
JUST, LONG_AGO = "2026-11-18T11:06:00Z", "2026-11-18T11:00:00Z"
"""40 s and 400 s before `NOW`."""
WAITS = {"waiting": {"reason": "CrashLoopBackOff"}}
CREATES = {"waiting": {"reason": "ContainerCreating"}}
RUNS = {"running": {"startedAt": LONG_AGO}}
ENDED = {"terminated": {"exitCode": 1}}


def names(*objects):
    return [pod["metadata"]["name"] for pod in stuck_pods(objects, NOW)]


def with_containers(*states, since=JUST, init=(), **more):
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": since}
    statuses = [{"name": "c", "state": state, **more} for state in states]
    return changed(
        POD,
        status={
            "conditions": [{"type": "PodScheduled", "status": "True"}, ready],
            "containerStatuses": statuses,
            "initContainerStatuses": [{"name": "i", "state": state} for state in init],
        },
    )


def test_the_moments_of_these_tests():
    assert NOW - seconds_of(JUST) < PATIENCE <= NOW - seconds_of(LONG_AGO)


def test_a_pod_that_waits_for_an_image_of_an_old_revision_is_stuck():
    assert names(SET, POD) == ["db-0"]


def test_an_unschedulable_pod_is_stuck():
    unscheduled = {"conditions": [{"type": "PodScheduled", "status": "False"}]}
    pod = changed(POD, status={**unscheduled, "containerStatuses": []})
    assert names(SET, pod) == ["db-0"]


@pytest.mark.parametrize(
    ("pod", "stuck"),
    [
        (with_containers(WAITS), True),
        (with_containers(WAITS, RUNS), True),
        (with_containers(ENDED), True),
        (with_containers(CREATES), True),
        (with_containers(CREATES, init=[WAITS]), True),
        (with_containers(CREATES, init=[RUNS]), False),
        (with_containers(RUNS), False),
        (with_containers(RUNS, since=LONG_AGO), True),
        (with_containers(RUNS, since=LONG_AGO, started=True), True),
        (with_containers(RUNS, since=LONG_AGO, started=False), False),
        (with_containers(RUNS, since=LONG_AGO, started=False, restartCount=3), True),
        (with_containers(CREATES, init=[RUNS], since=LONG_AGO), True),
        (with_containers(), False),
        (with_containers(since=LONG_AGO), True),
    ],
    ids=[
        "crash loop",
        "crash loop beside a container that runs",
        "between two restarts",
        "a volume that cannot be mounted",
        "an init container that fails",
        "an init container that works",
        "not ready yet",
        "a probe that never succeeds",
        "started, and never ready",
        "a startup probe that may still succeed",
        "a startup probe that failed before",
        "an init container that never ends",
        "just scheduled",
        "scheduled, and never started",
    ],
)
def test_a_pod_that_does_not_become_ready_is_stuck_and_a_starting_one_is_not(pod, stuck):
    assert names(SET, pod) == (["db-0"] if stuck else [])


@pytest.mark.parametrize(
    ("statefulset", "pod"),
    [
        (SET, changed(POD, metadata={"labels": {"controller-revision-hash": "new"}})),
        (SET, changed(POD, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})),
        (SET, changed(POD, metadata={"ownerReferences": [{"uid": "another"}]})),
        (SET, changed(POD, metadata={"ownerReferences": []})),
        (SET, with_containers(RUNS)),
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
    assert soon_replaced([SET, with_containers(RUNS)]) == {"pod"}
    newest = changed(POD, metadata={"labels": {"controller-revision-hash": "new"}})
    assert soon_replaced([SET, newest]) == set()
