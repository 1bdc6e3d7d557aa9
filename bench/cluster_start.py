"""Measures the embedded cluster: first start, no-op, stop, second start, start after kill -9.

Uses its own cluster in a temporary data directory, with a warm cache. Prints the median and the
extremes of several rounds, in seconds of wall clock inside one process. `up` ends when the node is
Ready, Services and names work, and pods can be created.
"""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded.node import node_processes

NAME = "bench-start"
ROUNDS = 5


def timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def up() -> None:
    embedded.up(NAME, emit=events.ignore)


def stop() -> None:
    embedded.stop(NAME, emit=events.ignore)


def delete() -> None:
    embedded.delete(NAME, emit=events.ignore)


def kill() -> None:
    node = node_processes.running(NAME)
    if node is not None:
        os.kill(node.outer, signal.SIGKILL)
        while node_processes.running(NAME):
            time.sleep(0.001)


def main() -> None:
    embedded.prepare([], emit=events.ignore)
    rounds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for what, work in (
            ("up, new", up),
            ("up, running", up),
            ("stop", stop),
            ("up, after stop", up),
            ("kill -9", kill),
            ("up, after kill -9", up),
            ("delete", delete),
        ):
            rounds.setdefault(what, []).append(timed(work))
    for what, seconds in rounds.items():
        middle = statistics.median(seconds)
        print(f"{what:20} {middle:6.2f} s  ({min(seconds):.2f}-{max(seconds):.2f})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="learnflow-bench.") as data:
        os.environ["XDG_DATA_HOME"] = data
        try:
            main()
        finally:
            delete()
