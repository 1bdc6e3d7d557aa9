"""Waits over streams of pod states that a real kubelet wrote; a state comes every two seconds."""

import json
from pathlib import Path

import imitated_watches
import pytest

from learnflow_infra.errors import ArtifactError
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.watched import COLLECTIONS, EVENTS

STREAMS = Path(__file__).parents[1] / "tables/waits"


def replayed(stream, **release):
    world = imitated_watches.World(**release).expect("Pod/foo")
    for number, state in enumerate(json.loads((STREAMS / f"{stream}.json").read_text())):
        world.at(number * 2, COLLECTIONS["Pod"].format("n"), state)
    return world


def wait(world):
    observe = world.observations.append
    return tracker.wait_until_ready(world.view, observe=observe, **world.options(60))


def pull_failed():
    """The kubelet's event; the state of a pod in back-off does not repeat the registry's words."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "foo.1", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "foo"},
        "reason": "Failed",
        "message": 'Failed to pull image "nginx:1.13-invalid": manifest unknown: manifest unknown',
    }


def test_a_pod_that_starts_is_ready_with_its_last_state():
    world = replayed("createSuccess")
    assert wait(world).ready
    assert world.clock.now() == 6
    assert not any(item.new for item in world.observations)


def test_an_image_that_does_not_exist_ends_the_wait_after_its_grace():
    world = replayed("imagePullError", grace={"ImageNotFound": 5})
    world.at(6, EVENTS.format("n"), pull_failed())
    with pytest.raises(ArtifactError, match="ImageNotFound"):
        wait(world)
    assert 6 + 5 <= world.clock.now() < 6 + 6  # the fourth state is the first refusal


def test_an_image_that_is_corrected_within_its_grace_is_awaited():
    world = replayed("imagePullErrorResolved", grace={"ImageNotFound": 30, "ImagePullFailed": 30})
    assert wait(world).ready
    assert world.clock.now() == 16
    assert [cause.code for item in world.observations for cause in item.healed]
