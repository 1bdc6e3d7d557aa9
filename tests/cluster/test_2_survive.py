"""What a cluster survives: every component's death, a stop, a kill, an interrupt."""

import os
import signal
import subprocess
import sys
import time

import pytest

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import lifecycle, state
from learnflow_infra.clusters.embedded.control_plane import components
from learnflow_infra.clusters.embedded.node import launch, processes
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from tests.cluster.conftest import NAME, eventually, left_processes, leftovers

COMPONENTS = [c.name for c in components.components("192.0.2.2", "x", "x")]


def log(kubectl, web):
    kubectl.ready(web)
    return kubectl("exec", web, "--", "cat", "/data/log").split()


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_killed_component_comes_back(node, kubectl, web, component):
    supervisor = Supervisor(node)

    def pid():
        return {name: pid for name, state_, pid in supervisor.states() if state_ == "RUNNING"}.get(
            component, 0
        )

    before = pid()
    inside = ["nsenter", "--target", str(node.init), "--pid", "--mount", "--"]
    subprocess.run([*inside, "kill", "-9", str(before)], check=True)
    eventually(lambda: pid() not in {0, before})
    eventually(lambda: lifecycle.is_ready(NAME))
    kubectl.ready(web)


def test_stop_lets_pods_end_and_keeps_their_data(cluster, kubectl, web):
    embedded.stop(NAME, emit=events.ignore)
    assert embedded.status(NAME).state == "stopped"
    assert leftovers(state.load(NAME)) == []
    embedded.stop(NAME, emit=events.ignore)  # twice is no error
    assert embedded.up(NAME, emit=events.ignore) == cluster
    assert log(kubectl, web)[-2:] == ["stopped", "started"]


def test_a_kill_of_the_outer_process_leaves_only_data(cluster, kubectl, web):
    before = log(kubectl, web)
    os.kill(processes.running(NAME).outer, signal.SIGKILL)
    config = state.load(NAME)
    eventually(lambda: left_processes(config) == [], timeout=5)
    eventually(lambda: not os.path.exists(f"/sys/class/net/{config.link}"), timeout=5)  # noqa: PTH110
    assert embedded.status(NAME).state == "stopped"
    embedded.up(NAME, emit=events.ignore)
    assert log(kubectl, web) == [*before, "started"]


def test_pods_are_not_called_ready_from_before_a_kill(kubectl, web):
    os.kill(processes.running(NAME).outer, signal.SIGKILL)
    eventually(lambda: embedded.status(NAME).state == "stopped")  # on a busy machine, not at once
    embedded.up(NAME, emit=events.ignore)
    pod = kubectl.get("pod", web)
    running = pod["status"]["containerStatuses"][0]["state"].get("running")
    ready = {c["type"]: c["status"] for c in pod["status"]["conditions"]}["Ready"]
    assert ready == "False" or running
    kubectl.ready(web)


@pytest.mark.parametrize("after", [0.5, 1.5, 3.0])
def test_an_interrupted_up_is_finished_by_the_next(kubectl, web, after):
    embedded.stop(NAME, emit=events.ignore)
    command = [sys.executable, "-m", "learnflow_infra", "cluster", "up", "--name", NAME]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        # a job in the background of a shell ignores SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as child:
        time.sleep(after)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) in {130, -signal.SIGINT}, child.stderr.read()
    embedded.up(NAME, emit=events.ignore)
    assert log(kubectl, web)[-1] == "started"


def test_a_silent_api_server_is_waited_for_and_the_node_kept(node, kubectl, web):
    """An `up` while the API server restarts must not start the node anew."""
    pids = {name: pid for name, _, pid in Supervisor(node).states()}
    inside = ["nsenter", "--target", str(node.init), "--pid", "--mount", "--"]
    subprocess.run([*inside, "kill", "-9", str(pids["kube-apiserver"])], check=True)
    embedded.up(NAME, emit=events.ignore)
    assert processes.running(NAME) == node
    kubectl.ready(web)


def test_lost_certificates_of_a_half_made_cluster_are_made_again():
    name = "cluster-test-3"
    command = [sys.executable, "-m", "learnflow_infra", "cluster", "up", "--name", name]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
        eventually((state.layout(name).pki / "ca.crt").exists, timeout=20)
        child.kill()
    launch.end(state.load(name), None)
    assert embedded.up(name, emit=events.ignore).state == "running"
    embedded.delete(name, emit=events.ignore)
