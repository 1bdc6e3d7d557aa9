"""What is done while a release is waited for, and how the wait is given up."""

import asyncio
import threading
from types import SimpleNamespace

import imitated_watches

from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.release.wait import StuckPodReplacer, until_ready
from learnflow_infra.events import Message
from learnflow_infra.models import Release
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.tracker import Observation

WAITS = Status(state="InProgress", message="m")
STATEFUL_SET = {
    "kind": "StatefulSet",
    "apiVersion": "apps/v1",
    "metadata": {"name": "db", "uid": "set", "generation": 2},
    "spec": {},
    "status": {"observedGeneration": 2, "updateRevision": "new"},
}
POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {
        "name": "db-0",
        "uid": "pod",
        "labels": {"controller-revision-hash": "old"},
        "ownerReferences": [{"kind": "StatefulSet", "uid": "set"}],
    },
    "spec": {},
    "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]},
}
STUCK = Snapshot(states=((STATEFUL_SET, WAITS), (POD, WAITS)))


class Cluster:
    """A session whose API client records what is deleted."""

    namespace = "n"

    def __init__(self):
        self.deleted, self.events = [], []
        self.emit = self.events.append
        self.kube = SimpleNamespace(delete=lambda path, uid: self.deleted.append((path, uid)))


def test_a_reporter_has_nothing_to_send_requests_with():
    cluster = Cluster()
    ProgressReporter(cluster.emit, "release/r")(Observation(snapshot=STUCK))
    assert cluster.events
    assert cluster.deleted == []


def test_a_stuck_pod_is_deleted_once_and_by_its_uid():
    cluster = Cluster()
    replacer = StuckPodReplacer(cluster)
    assert replacer.replaced is False
    replacer.replace(STUCK)
    replacer.replace(STUCK)
    assert cluster.deleted == [("/api/v1/namespaces/n/pods/db-0", "pod")]
    assert replacer.replaced is True
    (message,) = cluster.events
    assert message == Message(text="     replacing Pod/db-0, stuck in an old revision")


def test_a_pod_of_the_newest_revision_stays():
    cluster = Cluster()
    labels = {"controller-revision-hash": "new"}
    fresh = {**POD, "metadata": {**POD["metadata"], "labels": labels}}
    StuckPodReplacer(cluster).replace(Snapshot(states=((STATEFUL_SET, WAITS), (fresh, WAITS))))
    assert cluster.deleted == []


def test_a_wait_that_is_cancelled_leaves_no_thread_behind():
    """Python waits for threads before it ends: a Ctrl-C would last as long as the wait."""
    text = "{kind: StatefulSet, apiVersion: apps/v1, metadata: {name: never}}"
    live = Live(revision=1, status="deployed", manifest=Manifest(text=text), values={})
    stop = threading.Event()

    async def values(_release):
        return {}

    session = SimpleNamespace(
        namespace="n",
        kube=imitated_watches.Kube(),
        watches=imitated_watches.Watches(),
        helm=SimpleNamespace(computed_values=values),
        stop=stop,
    )

    async def cancelled():
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        release = Release(name="r", skill="s", profiles={})
        work = asyncio.create_task(
            until_ready(
                session,
                release,
                live,
                seconds=600,
                report=lambda _: loop.call_soon_threadsafe(begun.set),
                changed=False,
            )
        )
        await begun.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        stopped = stop.is_set()
        stop.set()
        return stopped

    assert asyncio.run(cancelled())
