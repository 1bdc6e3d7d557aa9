"""A real cluster for the tests: data in a temporary folder, the cache shared with the user."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.node import node_processes
from learnflow_infra.system import programs
from tests import busybox

NAME = "cluster-test"
WEB = "web"
NODE_PORT = 30080
LIMIT = 90
"""Seconds."""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture(scope="session", autouse=True)
def _own_data(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    yield
    for name in cluster_files.names():
        embedded.delete(name, emit=events.ignore)
    patch.undo()


@dataclass
class Kubectl:
    cluster: embedded.Cluster

    def argv(self, *args):
        return [str(self.cluster.kubectl), "--kubeconfig", str(self.cluster.kubeconfig), *args]

    def __call__(self, *args, stdin=None):
        done = subprocess.run(
            self.argv(*args),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, *args):
        return json.loads(self("get", *args, "-o", "json"))

    def ready(self, pod):
        self("wait", "--for=condition=Ready", f"pod/{pod}", f"--timeout={LIMIT}s")


@pytest.fixture(scope="session")
def cluster():
    return embedded.up(NAME, emit=events.ignore)


@pytest.fixture(scope="session")
def kubectl(cluster):
    return Kubectl(cluster)


def manifest(image):
    """A web server under the restricted pod security standard, its volume, and its Service.

    It records its start and the signal that ends it on the volume that it serves.
    """
    script = (
        "echo started >> /data/log; trap 'echo stopped >> /data/log; exit 0' TERM; "
        "busybox httpd -f -p 8080 -h /data & while :; do sleep 1; done"
    )
    container = {
        "name": WEB,
        "image": image,
        "command": ["sh", "-c", script],
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": {"httpGet": {"path": "/log", "port": 8080}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1001,
            "fsGroup": 1001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 5,
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": WEB}}],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    ports = [{"port": 80, "targetPort": 8080, "nodePort": NODE_PORT}]
    return [
        {"kind": "PersistentVolumeClaim", "metadata": {"name": WEB}, "spec": claim},
        {
            "kind": "Service",
            "metadata": {"name": WEB},
            "spec": {"type": "NodePort", "selector": {"app": WEB}, "ports": ports},
        },
        {"kind": "Pod", "metadata": {"name": WEB, "labels": {"app": WEB}}, "spec": pod},
    ]


@pytest.fixture(scope="session")
def image(cluster):
    """The reference of busybox in the node."""
    return busybox.load(node_processes.running(cluster.name))


@pytest.fixture(scope="session")
def web(kubectl, cluster, image):
    """The name of a Pod and its Service, once it is Ready and kube-proxy has its rules."""
    items = [{"apiVersion": "v1", **item} for item in manifest(image)]
    kubectl(
        "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )
    kubectl.ready(WEB)
    eventually(lambda: has_node_port(node_processes.running(cluster.name), NODE_PORT))
    return WEB


def has_node_port(node, port):
    """Whether kube-proxy's map of node ports (nftables) has this TCP port of a ready Pod."""
    names = ["ip", "kube-proxy", "service-nodeports", f"{{ tcp . {port} }}"]
    inside = ["nsenter", "--target", str(node.init), "--net", "--"]
    return programs.succeeds([*inside, "nft", "get", "element", *names])


@pytest.fixture
def node(cluster):
    """The running node's processes."""
    running = node_processes.running(cluster.name)
    assert running
    return running


def eventually(condition):
    """Wait until a condition holds, at most LIMIT seconds (long enough for a busy machine)."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def leftovers(config):
    """The cgroups, link, mounts and processes of a cluster on the host."""
    cgroups = [  # os.walk, because other clusters' cgroups appear and disappear meanwhile
        folder for folder, _, _ in os.walk("/sys/fs/cgroup") if folder.endswith(config.cgroup)
    ]
    link = Path("/sys/class/net") / config.link
    links = [str(link)] if link.exists() else []
    data = str(cluster_files.layout(config.name).root)
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return cgroups + links + [line for line in mounts if data in line] + left_processes(config)


def left_processes(config):
    """The processes in the cluster's cgroups or started for it."""
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            groups = (folder / "cgroup").read_text()
            command = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if config.cgroup in groups or str(cluster_files.layout(config.name).root) in command:
            left.append(f"{folder.name} {command}")
    return left
