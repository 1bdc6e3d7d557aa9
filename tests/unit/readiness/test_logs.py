"""When a container's log is read: once for each start, and at each doubling of its age."""

import time

import imitated_watches
import pytest

from learnflow_infra.readiness.logs import Logs
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.states import progress
from learnflow_infra.timestamps import seconds_of

STARTED = "2026-01-01T00:00:00Z"


def snapshot():
    item = {"name": "c", "ready": False, "containerID": "x", "restartCount": 0}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "a", "uid": "a"},
        "status": {"containerStatuses": [item | {"state": {"running": {"startedAt": STARTED}}}]},
    }
    return Snapshot(states=((pod, progress("starting")),))


def reads(*ages):
    """How many logs have been read when the container has each age (seconds)."""
    kube, now = imitated_watches.Kube(["a line"]), [0.0]
    logs, numbers = Logs(kube, "n", now=lambda: now[0]), []
    for age in ages:
        now[0] = seconds_of(STARTED) + age
        logs.read(snapshot(), again=False)
        numbers.append(len(kube.requests))
    return numbers


def test_the_log_of_a_container_that_just_started_is_not_read():
    assert reads(5, 16, 20, 31, 59, 61, 300) == [0, 1, 1, 2, 2, 3, 4]


def test_all_logs_are_read_again_on_request():
    kube = imitated_watches.Kube(["a line"])
    logs = Logs(kube, "n", now=time.time)
    for _ in range(2):
        assert logs.read(snapshot(), again=True) == {("a", "c"): ["a line"]}
    assert len(kube.requests) == 2


@pytest.mark.parametrize(
    "line",
    [
        "unable to retrieve container logs for containerd://1a",
        'failed to try resolving symlinks in path "/var/log/pods/n_a/c/0.log": lstat: no such file',
    ],
)
def test_a_log_that_the_runtime_has_removed_is_no_evidence(line):
    kube = imitated_watches.Kube([line])
    assert Logs(kube, "n", now=time.time).read(snapshot(), again=True) == {("a", "c"): []}
    assert [previous for *_, previous in kube.requests] == [False, True]
