"""A whole deploy against a real API server, by a skill that needs no pods."""

import json
import os
from collections import Counter
from dataclasses import replace

import pytest
import yaml

from learnflow_infra import paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.verbs import delete, deploy, rollback
from learnflow_infra.errors import RefusedError, VerificationError
from learnflow_infra.events import ignore
from learnflow_infra.skills import library

pytestmark = pytest.mark.contract
RECORD = "/api/v1/namespaces/{}/configmaps/learnflow-endpoints"
PORT = 30002
"""From the part of the range out of which the server takes none by itself."""
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
    "foundation": {"cpu": "1m", "memory": "1Mi", "storage": "1Mi"},
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
def foundation(kube):
    """A node and a default StorageClass: what the gate asks of a cluster."""
    kube.request("POST", "/api/v1/nodes", body=NODE)
    kube.request("POST", "/apis/storage.k8s.io/v1/storageclasses", body=CLASS)
    yield
    kube.delete("/api/v1/nodes/deploy-test")
    kube.delete("/apis/storage.k8s.io/v1/storageclasses/deploy-test")


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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Choose the folder that a deploy writes, as another clone of the repository has it."""

    def choose(name):
        monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / name)
        return tmp_path / name

    choose("first")
    return choose


@pytest.fixture(autouse=True)
def _user(kubeconfig, tmp_path, monkeypatch):
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


@pytest.fixture
def requests(monkeypatch):
    """How often each path of the API was read by GET."""
    seen = Counter()
    text = Kube.text

    def counted(self, method, path, **options):
        seen[method, path] += 1
        return text(self, method, path, **options)

    monkeypatch.setattr(Kube, "text", counted)
    return seen


def recorded(kube, namespace):
    data = kube.find(RECORD.format(namespace))["data"]
    return json.loads(data["endpoints.json"]), json.loads(data["verified.json"])


def test_a_deploy_records_and_verifies_and_the_next_has_nothing_to_do(options, kube, checkout):
    first = deploy.deploy(options, ignore)
    assert (first.changed, first.verified, len(first.verification)) == (True, True, 1)
    document, verified = recorded(kube, options.namespace)
    assert document == first.endpoints
    assert document["endpoints"][0]["host"] == {"host": "10.9.8.7", "port": PORT}
    assert set(verified) == {"demo-k8s-setup"}
    folder = checkout("first")
    assert json.loads((folder / "endpoints.json").read_text()) == document
    again = deploy.deploy(options, ignore)
    assert (again.changed, again.verified, list(again.verification)) == (False, True, [])
    report = json.loads((folder / "deploy-report.json").read_text())
    assert (report["result"], report["endpoints"]) == ("done", document["endpoints"])


@pytest.mark.parametrize("verb", ["deploy", "rollback", "delete"])
def test_what_the_cluster_records_is_read_once(options, requests, verb):
    deploy.deploy(options, ignore)
    path = RECORD.format(options.namespace)
    assert requests["GET", path] == 1
    requests.clear()
    skill = replace(options, skills=("demo-k8s-setup",))
    match verb:
        case "deploy":
            deploy.deploy(options, ignore)
        case "rollback":
            rollback.rollback(skill, release=None, revision=1, emit=ignore)
        case "delete":
            delete.delete(options, purge=False, emit=ignore)
    assert requests["GET", path] == 1


def test_what_is_recorded_already_is_not_written_again(options, requests):
    deploy.deploy(options, ignore)
    requests.clear()
    deploy.deploy(options, ignore)
    assert not [path for method, path in requests if (method, path[-9:]) == ("PATCH", "endpoints")]


def test_two_clones_deploy_with_the_profile_that_the_cluster_records(options, checkout, kube):
    """The context's default is upstream; a first clone deployed with another one."""
    deploy.deploy(replace(options, profile="embedded"), ignore)
    for clone in ("first", "second"):
        checkout(clone)
        done = deploy.deploy(options, ignore)
        assert (done.changed, done.target.profile) == (False, "embedded")
    with pytest.raises(RefusedError, match="was deployed with the profile embedded") as error:
        deploy.deploy(replace(options, profile="upstream"), ignore)
    assert "--profile embedded" in str(error.value.remedy)


def test_a_failed_verification_is_not_recorded_as_one(options, skill, kube, checkout):
    (skill / "verify.py").write_text(VERIFY.replace("PASSED", "False"))
    with pytest.raises(VerificationError, match="Verification failed"):
        deploy.deploy(options, ignore)
    document, verified = recorded(kube, options.namespace)
    assert ([item["name"] for item in document["endpoints"]], verified) == (["demo"], {})
    report = json.loads((checkout("first") / "deploy-report.json").read_text())
    assert (report["result"], report["error"]["exitCode"]) == ("failed", 8)
