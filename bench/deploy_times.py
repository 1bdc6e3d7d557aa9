"""Measures a deploy with a warm cache, without a change, after a stop, and after kill -9.

Uses its own cluster (`bench`) in a temporary data directory. Artifacts are written to this
checkout's phase directory, as by every deploy. Prints seconds of wall clock of whole commands.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from learnflow_infra.clusters.embedded.node import node_processes

NAME = "bench"
RUNS = 5


def command(*args: str) -> tuple[float, str]:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "learnflow_infra", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(args)} failed:\n{done.stderr}")
    return time.monotonic() - begun, done.stdout


def row(what: str, *seconds: float) -> None:
    spread = f"  (max {max(seconds):.2f}, {len(seconds)} runs)" if len(seconds) > 1 else ""
    print(f"{what:48} {statistics.median(seconds):7.2f} s{spread}", flush=True)


def main() -> None:
    context = ("--context", f"learnflow-{NAME}")
    row("cluster up, new, warm cache", command("cluster", "up", "--name", NAME)[0])
    row("cluster up, already running", command("cluster", "up", "--name", NAME)[0])
    row("deploy on an empty cluster, to verified", command("deploy", *context)[0])
    row("deploy without a change", *(command("deploy", *context)[0] for _ in range(RUNS)))
    row("verify", *(command("verify", *context)[0] for _ in range(RUNS)))
    row("cluster stop", command("cluster", "stop", "--name", NAME)[0])
    row("deploy after cluster stop, to verified", command("deploy", *context)[0])
    node = node_processes.running(NAME)
    if node is not None:
        os.kill(node.outer, signal.SIGKILL)
    row("deploy after kill -9 of the node, to verified", command("deploy", *context)[0])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="learnflow-bench.") as data:
        os.environ["XDG_DATA_HOME"] = data
        try:
            main()
        finally:
            command("cluster", "delete", "--name", NAME, "--yes")
