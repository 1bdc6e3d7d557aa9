"""Pods without a readiness probe have to stay ready for some seconds."""

import time
from datetime import UTC, datetime

import imitated_watches
import pytest
import short_objects

from learnflow_infra.errors import NotReadyError
from learnflow_infra.readiness import settle, tracker
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.watched import COLLECTIONS
from learnflow_infra.timestamps import seconds_of

BEGAN = "2026-11-25T10:00:00Z"
NOW = seconds_of(BEGAN)
PROBED = {"container": {"readinessProbe": {"httpGet": {}}}}


@pytest.mark.parametrize(
    ("fields", "age", "wanted"),
    [
        ({"running": BEGAN}, 1, settle.PROBELESS),
        ({"running": BEGAN}, -3, settle.PROBELESS),  # the node's clock is ahead
        ({"running": BEGAN}, 60, 0),
        ({"running": BEGAN, **PROBED}, 1, 0),
        ({"ended": {"exitCode": 0}}, 1, 0),
        ({"containers": [{"name": "a", "running": BEGAN, **PROBED}, {"running": BEGAN}]}, 1, 5),
    ],
)
def test_only_a_young_container_without_a_probe_has_to_settle(fields, age, wanted):
    assert settle.seconds([short_objects.pod("p", fields)], NOW + age) == wanted


def test_a_container_that_ends_in_its_first_second_is_never_ready():
    began = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world = imitated_watches.World().expect("Pod/p")

    def at(second, **fields):
        pod = short_objects.pod("p", {"labels": {INSTANCE: "r"}, **fields})
        pod["metadata"]["namespace"] = "n"
        world.at(second, COLLECTIONS["Pod"].format("n"), pod)

    for second in (0, 2, 4):
        at(second, running=began, ready=True, phase="Running")
        at(second + 1, waiting="CrashLoopBackOff", exit=1, restarts=2)
    with pytest.raises(NotReadyError, match="not ready after 20"):
        tracker.wait_until_ready(world.view, observe=world.observations.append, **world.options(20))


def test_a_container_without_a_probe_that_runs_on_is_ready():
    began = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world = imitated_watches.World().expect("Pod/p")
    pod = short_objects.pod("p", {"running": began, "ready": True, "labels": {INSTANCE: "r"}})
    pod["metadata"]["namespace"] = "n"
    world.put(COLLECTIONS["Pod"].format("n"), pod)
    assert tracker.wait_until_ready(
        world.view, observe=world.observations.append, **world.options(20)
    ).ready
    assert world.clock.now() >= settle.PROBELESS
