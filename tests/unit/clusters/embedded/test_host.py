import os
import shutil
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from learnflow_infra import events
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import health, pki
from learnflow_infra.clusters.embedded.host import limits, packages, privileges, requirements
from learnflow_infra.errors import HostError, InputError
from learnflow_infra.system import files
from learnflow_infra.system.processes import SYSTEM_PATH

NEEDED = {"ip": "iproute2", "ss": "iproute2", "nft": "nftables"}


@pytest.fixture
def xdg(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_missing_packages_are_listed_once_by_their_programs(monkeypatch):
    monkeypatch.setattr(requirements, "program", lambda _name: None)
    assert packages.missing(NEEDED) == ["iproute2", "nftables"]
    monkeypatch.setattr(requirements, "program", lambda name: None if name == "nft" else Path("/x"))
    assert packages.missing(NEEDED) == ["nftables"]


def test_a_file_can_stand_for_a_package(tmp_path):
    key = tmp_path / "key"
    assert packages.missing({str(key): "keyring"}) == ["keyring"]
    key.touch()
    assert packages.missing({str(key): "keyring"}) == []


def test_the_remedy_on_another_system_is_another_cluster():
    with pytest.raises(HostError) as caught:
        requirements.require_linux("darwin")
    assert "minikube start" in str(caught.value.remedy)
    assert "kind create cluster" in str(caught.value.remedy)


def test_no_apt_lists_the_packages(monkeypatch):
    monkeypatch.setattr(requirements, "program", lambda _name: None)
    with pytest.raises(HostError) as caught:
        packages.ensure_packages(NEEDED, emit=events.ignore)
    assert "iproute2, nftables" in caught.value.why


def test_nothing_missing_changes_nothing(monkeypatch):
    monkeypatch.setattr(requirements, "program", lambda _name: Path("/x"))
    emitted = []
    packages.ensure_packages(NEEDED, emit=emitted.append)
    assert emitted[-1].changed is False


def test_no_root_and_no_sudo(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(HostError, match="needs root"):
        privileges.require_root_or_sudo()


def test_root_runs_directly_and_a_user_through_sudo(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert privileges.as_root(["apt-get"]) == ["apt-get"]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/sudo")
    assert privileges.as_root(["apt-get"]) == [
        *("/usr/bin/sudo", "--", "/usr/bin/env", f"PATH={SYSTEM_PATH}", "apt-get"),
    ]


def test_inotify_instances_run_out_with_a_remedy():
    limits.check_inotify(104, 128)
    with pytest.raises(HostError) as caught:
        limits.check_inotify(105, 128)
    assert "cluster stop" in str(caught.value.remedy)
    assert "sysctl fs.inotify.max_user_instances=512" in str(caught.value.remedy)


def test_inotify_instances_are_counted():
    assert limits.used() >= 0


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a.b", "../x", "a" * 41])
def test_names_that_are_no_host_names(name):
    with pytest.raises(InputError):
        cluster_files.check_name(name)


@pytest.mark.parametrize("name", ["a", "learnflow", "e2e-1", "a" * 40])
def test_valid_names(name):
    cluster_files.check_name(name)


def test_a_saved_configuration_is_loaded_again(xdg):
    assert cluster_files.load("dev") is None
    config = cluster_files.Config(name="dev", subnet="10.213.0.0/30", snapshotter="native")
    cluster_files.save(config)
    assert cluster_files.load("dev") == config
    assert cluster_files.names() == ["dev"]


def test_a_file_is_written_with_its_mode(xdg):
    path = xdg / "kubeconfig"
    files.replace(path, "secret", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_holder_of_a_lock_waits_and_reports_it(xdg):
    order, waiting = [], threading.Event()

    def second():
        with cluster_files.lock("x", waiting.set):
            order.append("second")

    with cluster_files.lock("x"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_certificates_are_renewed_in_time():
    day = 24 * 3600.0
    assert not pki.needs_renewal(0, 299 * day)
    assert pki.needs_renewal(0, 301 * day)


SINCE = datetime(2026, 1, 1, 12, 0, 0, 500000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "heartbeat", "ready"),
    [
        ("True", "2026-01-01T12:00:00Z", True),
        ("True", "2026-01-01T11:59:59Z", False),
        ("False", "2026-01-01T12:00:05Z", False),
    ],
    ids=["now", "before the node stopped", "not ready"],
)
def test_a_node_is_ready_by_a_heartbeat_since_its_start(status, heartbeat, ready):
    condition = {"type": "Ready", "status": status, "lastHeartbeatTime": heartbeat}
    assert health.node_ready({"status": {"conditions": [condition]}}, SINCE) is ready


def test_a_node_without_conditions_is_not_ready():
    assert health.node_ready({}, SINCE) is False


def test_a_socket_that_is_bound_does_not_listen_yet(tmp_path):
    path = tmp_path / "socket"
    assert not health.listens(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert not health.listens(path)
        server.listen()
        assert health.listens(path)


def pod(*, ready, started):
    state_of = {"running": {"startedAt": started}} if started else {"waiting": {}}
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {"status": {"conditions": [condition], "containerStatuses": [{"state": state_of}]}}


@pytest.mark.parametrize(
    ("pods", "fresh"),
    [
        ([], True),
        ([pod(ready=True, started="2026-01-01T12:00:00Z")], True),
        ([pod(ready=True, started="2026-01-01T11:00:00Z")], False),
        ([pod(ready=False, started="2026-01-01T11:00:00Z")], True),
        ([pod(ready=False, started=None)], True),
        ([{}], True),
    ],
    ids=["none", "started since", "from before", "known to be down", "waiting", "no status"],
)
def test_a_pod_that_is_ready_since_before_the_start_is_not_fresh(pods, fresh):
    assert health.fresh(pods, SINCE) is fresh
