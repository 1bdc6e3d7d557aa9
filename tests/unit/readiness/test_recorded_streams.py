"""Waits over recorded states and events of pods, each with the second of its arrival.

Recorded on the embedded cluster by `kubectl get --watch --output-watch-events`, and shortened
to the fields that a wait reads.
"""

import json

import imitated_watches
import pytest

from learnflow_infra.errors import ArtifactError
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.watched import COLLECTIONS, EVENTS

STREAMS = repo_root() / "tests/unit/tables/waits"
PATHS = {"Pod": COLLECTIONS["Pod"].format("n"), "Event": EVENTS.format("n")}
UNREACHABLE = "ImageRegistryUnreachable"


def recorded(stream):
    return [json.loads(line) for line in (STREAMS / f"{stream}.jsonl").read_text().splitlines()]


@pytest.fixture(
    params=[imitated_watches.World, imitated_watches.PolledWorld], ids=["watch", "list"]
)
def transport(request):
    """How changes arrive; the verdicts are the same."""
    return request.param


def late(transport):
    """Seconds by which a change may be known later."""
    return 2 if transport is imitated_watches.PolledWorld else 0


def replayed(transport, stream, **release):
    world = transport(**release).expect("Pod/web")
    for change in recorded(stream):
        obj = change["object"]
        world.at(change["at"], PATHS[obj["kind"]], obj, change["type"])
    return world


def wait(world):
    observe = world.observations.append
    return tracker.wait_until_ready(world.view, observe=observe, **world.options(60))


def last(stream, kind):
    return [change["at"] for change in recorded(stream) if change["object"]["kind"] == kind][-1]


def test_a_starting_pod_is_ready_with_its_last_state(transport):
    world = replayed(transport, "start")
    assert wait(world).ready
    assert 0 <= world.clock.now() - last("start", "Pod") <= late(transport)
    assert not any(item.new for item in world.observations)


def test_an_image_of_no_registry_ends_the_wait_after_its_grace(transport):
    world = replayed(transport, "missing", grace={UNREACHABLE: 5})
    with pytest.raises(ArtifactError, match=UNREACHABLE):
        wait(world)
    assert (
        5 < world.clock.now() < 5 + 2.5 + late(transport)
    )  # it failed after 1.4 s, and is searched each 0.5 s


def test_an_image_corrected_within_its_grace_is_awaited(transport):
    world = replayed(transport, "corrected", grace={UNREACHABLE: 30})
    assert wait(world).ready
    assert 0 <= world.clock.now() - last("corrected", "Pod") <= late(transport)
    healed = [cause.code for item in world.observations for cause in item.healed]
    assert healed == [UNREACHABLE]
