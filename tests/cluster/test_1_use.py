"""Pods, volumes, names, Services and access from the host."""

import subprocess
import tomllib
import urllib.request
from pathlib import Path

import pytest

from learnflow_infra import events, versions
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.host import runc_choice
from learnflow_infra.clusters.embedded.programs import binary, runc_build
from learnflow_infra.system import programs
from tests.cluster.conftest import LIMIT, NAME, NODE_PORT, Kubectl


def test_the_node_is_ready_and_reports_its_version(kubectl, cluster):
    node = kubectl.get("nodes")["items"][0]
    assert node["metadata"]["name"] == cluster.context
    assert node["status"]["nodeInfo"]["kubeletVersion"] == cluster.version
    assert node["status"]["addresses"][0]["address"] == cluster.node_address


def test_the_nodes_programs_are_those_of_the_file_of_versions(kubectl, cluster):
    file = versions.load()
    info = kubectl.get("nodes")["items"][0]["status"]["nodeInfo"]
    assert info["containerRuntimeVersion"] == f"containerd://{file.version('containerd')}"
    assert cluster.versions["containerd"] == f"v{file.version('containerd')}"
    for plugin in ("ptp", "host-local"):
        reported = programs.run([binary.folder() / plugin]).stderr
        assert f"CNI {plugin} plugin v{file.version('CNI plugins')}" in reported


def test_the_nodes_runc_has_the_fixes(cluster):
    conf = cluster_files.layout(NAME).conf
    containerd = tomllib.loads((conf / "containerd.toml").read_text())["plugins"]
    runtimes = containerd["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]
    program = Path(runtimes["runc"]["options"]["BinaryName"])
    assert runc_choice.version(program) == cluster.versions["runc"]
    if program == runc_build.built():
        assert cluster.versions["runc"] == f"v{versions.load().version('runc')}"
    else:
        assert program == runc_choice.fixed(runc_choice.facts())


def test_a_second_up_changes_nothing_and_starts_no_program(cluster, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda argv, **_: pytest.fail(str(argv)))
    emitted = []
    assert embedded.up(NAME, emit=emitted.append) == cluster
    assert not any(e.changed for e in emitted if isinstance(e, events.StepFinished))


def test_there_is_a_default_storage_class(kubectl):
    storage_class = kubectl.get("storageclasses")["items"][0]
    annotations = storage_class["metadata"]["annotations"]
    assert annotations["storageclass.kubernetes.io/is-default-class"] == "true"


def test_a_restricted_pod_writes_its_volume(kubectl, web):
    assert kubectl("exec", web, "--", "cat", "/data/log").split()[-1] == "started"
    assert kubectl.get("pvc", web)["status"]["phase"] == "Bound"


@pytest.mark.parametrize("service", ["web.default", "kubernetes.default", "kube-dns.kube-system"])
def test_service_names_resolve_in_pods(kubectl, web, service):
    name, namespace = service.split(".")
    address = kubectl.get("service", name, "-n", namespace)["spec"]["clusterIP"]
    answer = kubectl("exec", web, "--", "busybox", "nslookup", f"{service}.svc.cluster.local")
    assert f"Address: {address}" in answer


def request(kubectl, web, address, port, path):
    """A server's answer to a plain HTTP request from a pod (not by wget: the static one fails)."""
    script = f"printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 {address} {port} || true"
    return kubectl("exec", web, "--", "sh", "-c", script)


def test_a_pod_reaches_itself_through_its_service(kubectl, web):
    address = kubectl.get("service", web)["spec"]["clusterIP"]
    assert "started" in request(kubectl, web, address, 80, "/log")


def test_pods_reach_the_api_server(kubectl, web):
    assert "400 Bad Request" in request(kubectl, web, "10.96.0.1", 443, "/")  # it expects TLS


def test_the_host_reaches_a_node_port(cluster, web):
    url = f"http://{cluster.node_address}:{NODE_PORT}/log"
    with urllib.request.urlopen(url, timeout=LIMIT) as answer:
        assert b"started" in answer.read()


def test_logs_of_a_pod_are_readable(kubectl, web):
    kubectl("logs", web)


def test_port_forward_reaches_a_pod(kubectl, web):
    command = kubectl.argv("port-forward", f"pod/{web}", ":8080", "--address=127.0.0.1")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
        try:
            port = forward.stdout.readline().split("127.0.0.1:")[1].split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/log", timeout=LIMIT) as answer:
                assert b"started" in answer.read()
        finally:
            forward.terminate()


def test_pods_do_not_reach_beyond_the_host(kubectl, web):
    script = "busybox nc -w 3 192.0.2.1 80 2>&1 && echo connected; true"
    assert "connected" not in kubectl("exec", web, "--", "sh", "-c", script)


def test_two_clusters_side_by_side(cluster):
    other = embedded.up("cluster-test-2", emit=events.ignore)
    try:
        assert other.node_address != cluster.node_address
        nodes = [Kubectl(each).get("nodes")["items"][0] for each in (cluster, other)]
        assert {n["metadata"]["name"] for n in nodes} == {cluster.context, other.context}
        assert set(cluster_files.names()) == {cluster.name, other.name}
    finally:
        embedded.delete(other.name, emit=events.ignore)
    assert embedded.status(other.name).state == "absent"
    assert embedded.status(cluster.name).state == "running"
