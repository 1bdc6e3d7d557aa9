"""A cluster survives the death of each component, a stop, a kill and an interrupt."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files, lifecycle, upgrade
from learnflow_infra.clusters.embedded.control_plane import components
from learnflow_infra.clusters.embedded.node import launch, node_processes
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from tests.cluster.conftest import LIMIT, NAME, eventually, left_processes, leftovers

COMPONENTS = [c.name for c in components.components("192.0.2.2", "x")]


def log(kubectl, web):
    kubectl.ready(web)
    return kubectl("exec", web, "--", "cat", "/data/log").split()


def pid(node, component):
    """The pid in the node of a component that runs, else None."""
    running = {name: pid for name, state_, pid in Supervisor(node).states() if state_ == "RUNNING"}
    return running.get(component)


def kill(node, component):
    """Kill a component; returns the pid that it had."""
    eventually(lambda: pid(node, component))
    killed = pid(node, component)
    inside = ["nsenter", "--target", str(node.init), "--pid", "--mount", "--"]
    subprocess.run([*inside, "kill", "-9", str(killed)], check=True)
    return killed


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_killed_component_comes_back(node, kubectl, web, component):
    killed = kill(node, component)
    eventually(lambda: pid(node, component) not in {None, killed})
    eventually(lambda: lifecycle.is_ready(NAME))
    kubectl.ready(web)


def test_stop_ends_pods_gracefully_and_keeps_their_data(cluster, kubectl, web):
    embedded.stop(NAME, emit=events.ignore)
    assert embedded.status(NAME).state == "stopped"
    assert leftovers(cluster_files.load(NAME)) == []
    embedded.stop(NAME, emit=events.ignore)  # twice is no error
    assert embedded.up(NAME, emit=events.ignore) == cluster
    assert log(kubectl, web)[-2:] == ["stopped", "started"]


def test_a_running_node_of_an_older_version_is_upgraded(cluster, kubectl, web):
    """The record says that an older version runs; tests/full has a real older one."""
    layout = cluster_files.layout(NAME)
    older = upgrade.own() | {"Kubernetes": "v1.0.0"}
    layout.versions.write_text(json.dumps({"versions": older}))
    emitted = []
    embedded.up(NAME, emit=emitted.append)
    texts = " ".join(str(event) for event in emitted)
    assert "is upgraded from Kubernetes v1.0.0" in texts
    assert re.search(r"upgraded in \d+ s, in which it was down; etcd's data from before: ", texts)
    assert log(kubectl, web)[-2:] == ["stopped", "started"]
    assert [folder.name for folder in layout.backup.iterdir()] == [f"etcd-{older['etcd']}"]
    assert embedded.up(NAME, emit=events.ignore) == cluster


def kill_node():
    """Kill the outer process of the node, and wait until it has ended."""
    node = node_processes.running(NAME)
    os.kill(node.outer, signal.SIGKILL)
    node_processes.wait(node.outer, node.outer_start, LIMIT)


def test_a_kill_of_the_outer_process_leaves_only_data(cluster, kubectl, web):
    before = log(kubectl, web)
    config = cluster_files.load(NAME)
    kill_node()
    eventually(lambda: left_processes(config) == [])
    eventually(lambda: not os.path.exists(f"/sys/class/net/{config.link}"))  # noqa: PTH110
    assert embedded.status(NAME).state == "stopped"
    embedded.up(NAME, emit=events.ignore)
    assert log(kubectl, web) == [*before, "started"]


def test_a_pod_status_from_before_a_kill_does_not_count_as_ready(kubectl, web):
    kill_node()
    assert embedded.status(NAME).state == "stopped"
    embedded.up(NAME, emit=events.ignore)
    pod = kubectl.get("pod", web)
    running = pod["status"]["containerStatuses"][0]["state"].get("running")
    ready = {c["type"]: c["status"] for c in pod["status"]["conditions"]}["Ready"]
    assert ready == "False" or running
    kubectl.ready(web)


def test_a_node_without_a_record_is_ended_before_the_next_starts(node, kubectl, web):
    cluster_files.layout(NAME).node.unlink()
    embedded.up(NAME, emit=events.ignore)
    assert node_processes.start_time(node.outer) != node.outer_start
    kubectl.ready(web)


def start(name, **options):
    """`cluster up` as a process."""
    command = [sys.executable, "-m", "learnflow_infra", "cluster", "up", "--name", name]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)


@pytest.mark.parametrize("file", ["conf/node.json", "node.json", f"conf/{components.APPLIED}"])
def test_an_interrupted_up_is_finished_by_the_next(kubectl, web, file):
    """Interrupted once it has written this file: configured, started, add-ons applied."""
    embedded.stop(NAME, emit=events.ignore)
    path = cluster_files.layout(NAME).root / file
    path.unlink(missing_ok=True)
    # a background job of a shell ignores SIGINT
    default = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    with start(NAME, preexec_fn=default) as child:
        eventually(path.exists)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=LIMIT) in {130, -signal.SIGINT}
    embedded.up(NAME, emit=events.ignore)
    assert log(kubectl, web)[-1] == "started"


def test_up_waits_for_a_silent_api_server_and_keeps_the_node(node, kubectl, web):
    """`up` while the API server restarts must not restart the node."""
    kill(node, "kube-apiserver")
    embedded.up(NAME, emit=events.ignore)
    assert node_processes.running(NAME) == node
    kubectl.ready(web)


def test_lost_certificates_of_an_unfinished_cluster_are_generated_again():
    name = "cluster-test-3"
    with start(name) as child:
        eventually((cluster_files.layout(name).pki / "ca.crt").exists)
        child.kill()  # and not its child kubeadm, which continues to write
    launch.end(cluster_files.load(name), None)
    assert embedded.up(name, emit=events.ignore).state == "running"
    embedded.delete(name, emit=events.ignore)
