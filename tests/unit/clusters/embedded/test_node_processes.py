"""Which processes are a cluster's node, and how they are ended."""

import json
import os
import signal
import subprocess
import sys

import pytest

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.node import control_groups, node_processes, outer
from learnflow_infra.system import files


@pytest.fixture(autouse=True)
def _own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def node(**changes):
    own = os.getpid()
    fields = {
        "outer": own,
        "outer_start": node_processes.start_time(own),
        "init": own,
        "init_start": node_processes.start_time(own),
        "boot": node_processes.boot_id(),
    }
    return fields | changes


@pytest.mark.parametrize(
    ("changes", "alive"),
    [
        ({}, True),
        ({"boot": "another"}, False),
        ({"init_start": 1}, False),
        ({"outer": 2**22, "outer_start": 7}, False),
    ],
    ids=["alive", "before a reboot", "the pid is another's now", "gone"],
)
def test_a_node_runs_when_the_same_processes_live(changes, alive):
    files.replace(cluster_files.layout("dev").node, json.dumps(node(**changes)))
    assert (node_processes.running("dev") is not None) is alive


def test_a_torn_record_is_no_node():
    files.replace(cluster_files.layout("dev").node, '{"outer": 1')
    assert node_processes.running("dev") is None


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_kill_returns_when_the_process_has_ended(sleeper):
    node_processes.kill(sleeper.pid, node_processes.start_time(sleeper.pid), timeout=60)
    assert node_processes.start_time(sleeper.pid) is None


def test_a_process_that_started_at_another_time_is_left_alone(sleeper):
    node_processes.kill(sleeper.pid, node_processes.start_time(sleeper.pid) + 1, timeout=60)
    assert sleeper.poll() is None


def test_a_process_that_ends_while_it_is_killed_is_no_error(sleeper, monkeypatch):
    """Its parent can reap it between the comparison of the start time and the signal."""
    start = node_processes.start_time(sleeper.pid)

    def ends_now(_pid):
        sleeper.kill()
        sleeper.wait()
        return start

    monkeypatch.setattr(node_processes, "start_time", ends_now)
    node_processes.kill(sleeper.pid, start, timeout=60)
    node_processes.wait(sleeper.pid, start, timeout=60)


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """The record of a cgroup with another one in it; folders stand for both."""
    monkeypatch.setattr(control_groups, "REMOVE_TIMEOUT", 0)
    (tmp_path / "cgroup/pods").mkdir(parents=True)
    record = tmp_path / "cgroups.json"
    record.write_text(json.dumps([str(tmp_path / "cgroup")]))
    return record


def test_cgroups_are_removed_with_their_record(cgroups):
    control_groups.remove(cgroups)
    assert not cgroups.exists()
    assert not cgroups.with_name("cgroup").exists()
    control_groups.remove(cgroups)


def test_a_busy_cgroup_stays_recorded(cgroups):
    (cgroups.with_name("cgroup") / "busy").touch()
    control_groups.remove(cgroups)
    assert cgroups.exists()


def test_what_runs_in_a_cgroup_is_ended(cgroups, sleeper):
    """Those of a node without a record; 0 is a process out of sight."""
    (cgroups.with_name("cgroup") / "pods/cgroup.procs").write_text(f"0\n{sleeper.pid}\n")
    control_groups.remove(cgroups)
    assert sleeper.wait(timeout=60) == -signal.SIGKILL


def test_a_node_whose_launcher_was_interrupted_does_not_start(tmp_path):
    """The launcher has ended before it knew the process: its end of the pipe is closed."""
    command = [sys.executable, "-m", outer.__name__, str(tmp_path / "no-spec.json")]
    waits, tells = os.pipe()
    os.close(tells)
    assert subprocess.run(command, stdin=waits, check=False).returncode == 0
    os.close(waits)
