"""A skill that needs no pods, and a cluster and a user that can deploy it."""

import os

import pytest
import yaml

from learnflow_infra import paths
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.engine.gate import foundation as gate
from learnflow_infra.engine.request.options import Options
from learnflow_infra.skills import library

PORT = 30002
"""In the part of the range from which the server assigns no port."""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: demo, labels: {app.kubernetes.io/instance: demo}}
spec: {type: NodePort, ports: [{name: main, port: 80, nodePort: %d}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: demo}
data: {greeting: "{{ .Values.greeting }}"}
"""
SKILL = {
    "apiVersion": "learnflow.infra/v1",
    "kind": "Skill",
    "name": "demo-k8s-setup",
    "description": "A Service and a ConfigMap",
    "releases": [
        {
            "name": "demo",
            "needs": [],
            "profiles": {name: {"chart": "charts/demo"} for name in ("embedded", "upstream")},
        }
    ],
    "endpoints": [
        {
            "name": "demo",
            "release": "demo",
            "protocol": "tcp",
            "inCluster": {"service": "demo", "port": "main"},
            "host": {"service": "demo", "port": "main"},
            "parameters": {},
            "env": {"DEMO": "${inCluster.host}"},
            "connect": [],
        }
    ],
}
VERIFY = """
import json, sys
from pathlib import Path

Path(__file__).with_name("arguments").write_text(json.dumps(sys.argv[1:]))
json.load(sys.stdin)
check = {"name": "answers", "from": "host", "passed": PASSED, "message": "m", "seconds": 0.1}
print(json.dumps({"skill": "demo-k8s-setup", "checks": [check]}))
"""
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "deploy-test"},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "50Gi"},
        "addresses": [{"type": "InternalIP", "address": "10.9.8.7"}],
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": "deploy-test",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "none",
}


@pytest.fixture
def foundation(kube, user):
    """A node and a default StorageClass, which the gate requires of a cluster."""
    kube.request("POST", "/api/v1/nodes", body=NODE)
    kube.request("POST", "/apis/storage.k8s.io/v1/storageclasses", body=CLASS)
    yield
    kube.delete("/api/v1/nodes/deploy-test")
    kube.delete("/apis/storage.k8s.io/v1/storageclasses/deploy-test")


@pytest.fixture
def gate_open(monkeypatch):
    """The gate, without checks of nodes and classes."""
    monkeypatch.setattr(gate, "manifest_checks", lambda *_: [])


@pytest.fixture
def skill(tmp_path, monkeypatch):
    folder = tmp_path / "library/demo-k8s-setup"
    chart = folder / "charts/demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: demo, version: 1.0.0}")
    (chart / "values.yaml").write_text("greeting: hello\n")
    (chart / "templates/all.yaml").write_text(SERVICE % PORT)
    (folder / "skill.yaml").write_text(yaml.safe_dump(SKILL))
    (folder / "verify.py").write_text(VERIFY.replace("PASSED", "True"))
    monkeypatch.setattr(library, "library_dir", lambda: folder.parent)
    return folder


def publish_login(skill, kube, namespace, value):
    """Give the skill's endpoint the password of a Secret, and create or change the Secret."""
    source = skill / "skill.yaml"
    credentials = "connect: []\n  credentials: {secret: login, keys: {password: password}}"
    if "credentials" not in source.read_text():
        source.write_text(source.read_text().replace("connect: []", credentials))
    metadata, password = {"name": "login"}, {"password": value}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": password}
    kube.apply(f"/api/v1/namespaces/{namespace}/secrets/login", body)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Choose the folder that a deploy writes, as in another clone of the repository."""

    def choose(name):
        monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / name)
        return tmp_path / name

    choose("first")
    return choose


@pytest.fixture
def user(kubeconfig, tmp_path, monkeypatch):
    """A user with kubectl, and with the API server in the kubeconfig."""
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/kubectl").symlink_to(binary.kubectl())
    monkeypatch.setenv("PATH", f"{tmp_path}/programs{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def options(kube, namespace, foundation, skill, checkout):
    yield Options(context="admin", namespace=namespace)
    kube.delete(f"/api/v1/namespaces/{namespace}/services/demo")
