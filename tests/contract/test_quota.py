"""A real ResourceQuota: every container of our charts can be given what a quota demands."""

import json
import subprocess
import time

import pytest
import yaml

from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.clients.helm_program import executable
from learnflow_infra.paths import repo_root

pytestmark = pytest.mark.contract
LIBRARY = repo_root() / "skills-library"
HARD = {"limits.cpu": "4", "limits.memory": "4Gi", "requests.cpu": "4", "requests.memory": "4Gi"}
LIMIT = {"limits": {"cpu": "500m"}}
CHARTS = {
    "kafka-k8s-setup/charts/kafka": {"resources": LIMIT, "topicsJob": {"resources": LIMIT}},
    "postgres-k8s-setup/charts/postgres": {"primary": {"resources": LIMIT}},
}


@pytest.fixture
def quota(kube, namespace):
    """The quota, with the status that its controller would write."""
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    spec = {"metadata": {"name": "quota"}, "spec": {"hard": HARD}}
    kube.request("POST", path, body={"apiVersion": "v1", "kind": "ResourceQuota", **spec})
    status = {"status": {"hard": HARD, "used": dict.fromkeys(HARD, "0")}}
    merge = "application/merge-patch+json"
    kube.request("PATCH", f"{path}/quota/status", body=status, content_type=merge)
    deadline = time.monotonic() + 30
    bare = {"containers": [{"name": "main", "image": "none"}]}
    while not refusal(kube, namespace, bare):
        assert time.monotonic() < deadline, "the quota has no effect"
        time.sleep(0.1)
    return namespace


def pod_specs(chart, values):
    """The spec of every pod that a chart's workloads make."""
    command = [executable(), "template", "x", str(LIBRARY / chart), "--values=-"]
    image = {"image": {"registry": "r", "repository": "i", "tag": "t"}}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, input=json.dumps(values | image)
    )
    objects = [obj for obj in yaml.safe_load_all(done.stdout) if obj]
    return [obj["spec"]["template"]["spec"] for obj in objects if "template" in obj.get("spec", {})]


def refusal(kube, namespace, spec):
    claim = {"name": "data", "emptyDir": {}}
    spec = {**spec, "volumes": [*spec.get("volumes", ()), claim]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
    try:
        path = f"/api/v1/namespaces/{namespace}/pods"
        kube.request("POST", path, body=body, query={"dryRun": "All"})
    except ApiError as error:
        return error.what
    return ""


@pytest.mark.parametrize("chart", CHARTS)
def test_every_container_can_meet_a_quota(kube, quota, chart):
    specs = pod_specs(chart, CHARTS[chart])
    assert len(specs) == len(pod_specs(chart, {}))
    assert [refusal(kube, quota, spec) for spec in specs] == [""] * len(specs)
    assert all("limits.cpu" in refusal(kube, quota, spec) for spec in pod_specs(chart, {}))
