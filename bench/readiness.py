"""Measures the cost and the delay of a wait, with 1,000 pods on a real API server.

Uses its own cluster (`bench-wait`) in a temporary data directory. No scheduler places the pods, so
no kubelet writes their status. Another process does, and records when the API server answered each
write. Prints the time from that answer until the wait noticed the change, the requests of the wait,
and its share of a core: at rest, and while pods change. Then one pod reports a missing image, and
the bench prints how long after the cause's grace the wait ended.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from learnflow_infra import events
from learnflow_infra.clients.connection import Connection, Request
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.errors import LearnflowError
from learnflow_infra.models import Release, ReleaseName, SkillName
from learnflow_infra.readiness import failures, tracker
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.stuck import stuck_pods
from learnflow_infra.readiness.view import View
from learnflow_infra.readiness.watches import Watches

NAME, NAMESPACE, PODS = "bench-wait", "bench", 1000
REST, CHANGES, RATE = 30.0, 600, 20.0
"""Seconds of rest; how many pods change then, and how many a second."""
PATCH = "application/merge-patch+json"


def pod(number: int) -> dict[str, Any]:
    container = {"name": "c", "image": "none"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number}", "labels": {INSTANCE: "bench"}},
        "spec": {"schedulerName": "none", "containers": [container]},
    }


def ready(kube: Kube, number: int) -> None:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/p{number}/status"
    kube.request("PATCH", path, body={"status": status}, content_type=PATCH)


def write(kube: Kube) -> None:
    """The other process: make pods ready at the rate; prints name and time of each answer."""
    begun = time.monotonic()
    for number in range(CHANGES):
        time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        ready(kube, number)
        print(f"p{number}", time.time(), flush=True)


class Counted(Connection):
    """Counts the requests that are sent."""

    sent = 0

    def send(self, request: Request) -> Any:
        """Count and send a request."""
        self.sent += 1
        return super().send(request)


class Counting(Kube):
    """A client with a counted connection."""

    def __init__(self, *, kubeconfig: Path, context: str) -> None:
        super().__init__(kubeconfig=kubeconfig, context=context)
        self.counted = Counted(kubeconfig=kubeconfig, context=context, no_proxy=None)
        self._connection = self.counted


def share(work: Callable[[], object]) -> float:
    """The share of a core that this process took during `work`, in percent."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 100 * used / (time.monotonic() - begun)


def main() -> None:
    cluster = embedded.up(NAME, emit=events.ignore)
    kube = Counting(kubeconfig=cluster.kubeconfig, context=cluster.context)
    try:
        measure(kube)
    finally:
        embedded.delete(NAME, emit=events.ignore)


def measure(kube: Counting) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    kube.request("POST", "/api/v1/namespaces", body=space)
    made = f"/api/v1/namespaces/{NAMESPACE}/pods"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: kube.request("POST", made, body=pod(n)), range(PODS)))
    noticed: dict[str, float] = {}
    report = ProgressReporter(events.ignore, "release/bench")

    def observe(observation: tracker.Observation) -> None:
        now = time.time()
        report(observation)
        stuck_pods(observation.snapshot.objects)
        for obj, status in observation.snapshot.states:
            if status.ready:
                noticed.setdefault(obj["metadata"]["name"], now)

    release = Release(name=ReleaseName("bench"), skill=SkillName("bench"), profiles={})
    stop = threading.Event()
    with Watches(kube) as watches:
        view = View(kube, watches, NAMESPACE, release)
        view.follow(expected([]))
        waiting = threading.Thread(target=until_stopped, args=(view, stop, observe))
        waiting.start()
        time.sleep(3)
        at_start = kube.counted.sent
        print(f"pods watched{PODS:36}")
        print(f"at rest, share of a core            {share(lambda: time.sleep(REST)):8.1f} %")
        change(noticed)
        print(f"requests sent meanwhile             {kube.counted.sent - at_start:8}", flush=True)
        stop.set()
        waiting.join()
        give_up(kube, watches)


def give_up(kube: Kube, watches: Watches) -> None:
    grace = 2.0
    release = Release(
        name=ReleaseName("bench"),
        skill=SkillName("bench"),
        profiles={},
        grace={"ImageNotFound": grace},
    )
    view = View(kube, watches, NAMESPACE, release)
    view.follow(expected([]))
    written: list[float] = []

    def break_one() -> None:
        waiting = {"reason": "ErrImagePull", "message": "none: not found"}
        item = {"name": "c", "image": "none", "imageID": "", "ready": False, "restartCount": 0}
        status = {"containerStatuses": [{**item, "state": {"waiting": waiting}}]}
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/p{PODS - 1}/status"
        kube.request("PATCH", path, body={"status": status}, content_type=PATCH)
        written.append(time.monotonic())

    threading.Timer(3, break_one).start()
    try:
        tracker.wait_until_ready(view, timeout=60, stop=threading.Event(), observe=lambda _: None)
    except LearnflowError as error:
        late = time.monotonic() - written[0] - grace
        print(f"{error.what.split()[-1]:20} given up after its grace{late * 1000:8.1f} ms")


def until_stopped(view: View, stop: threading.Event, observe: tracker.Observe) -> None:
    try:
        tracker.wait_until_ready(view, timeout=3600, stop=stop, observe=observe)
    except failures.StoppedError:
        return


def change(noticed: dict[str, float]) -> None:
    written: list[str] = []
    writer = [sys.executable, __file__, "write"]

    def work() -> None:
        done = subprocess.run(writer, capture_output=True, text=True, check=True)
        written.extend(done.stdout.splitlines())

    busy = share(work)
    time.sleep(1)
    pairs = (line.split() for line in written)
    late = sorted(max(0.0, noticed[name] - float(at)) * 1000 for name, at in pairs)
    cuts = statistics.quantiles(late, n=100)
    print(f"{RATE:.0f} changes a second, share of a core  {busy:8.1f} %")
    print(f"from ready to noticed, median       {cuts[49]:8.1f} ms")
    print(f"                       99th percentile{cuts[98]:6.1f} ms")


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        found = embedded.status(NAME)
        write(Kube(kubeconfig=found.kubeconfig, context=found.context))
    else:
        with tempfile.TemporaryDirectory(prefix="learnflow-bench.") as folder:
            os.environ["XDG_DATA_HOME"] = folder
            main()
