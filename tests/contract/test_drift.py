"""Drift between a manifest and a real API server."""

import pytest

from learnflow_infra.engine.release import drift

pytestmark = pytest.mark.contract
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "ports": [{"containerPort": 80}],
                        "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}},
                    }
                ]
            },
        },
    },
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s"},
    "data": {"password": "Zmlyc3Q="},
}
MANIFEST = [SERVICE, DEPLOYMENT, SECRET]


@pytest.fixture
def installed(kube, namespace):
    """The manifest's objects, created (not applied), as helm does."""
    for obj in (SERVICE, DEPLOYMENT, SECRET):
        kube.request("POST", path(namespace, obj).rpartition("/")[0], body=obj)
    return namespace


def path(namespace, obj):
    base = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
    return f"{base}/namespaces/{namespace}/{obj['kind'].lower()}s/{obj['metadata']['name']}"


def patch(kube, namespace, obj, body):
    kube.request(
        "PATCH", path(namespace, obj), body=body, content_type="application/merge-patch+json"
    )


def test_defaults_and_other_notations_are_no_drift(kube, installed):
    assert drift.find(kube, installed, MANIFEST) == []


def test_fields_of_other_managers_are_no_drift(kube, installed):
    patch(kube, installed, DEPLOYMENT, {"metadata": {"annotations": {"by": "a controller"}}})
    patch(kube, installed, SERVICE, {"spec": {"sessionAffinity": "ClientIP"}})
    assert drift.find(kube, installed, MANIFEST) == []


def test_a_change_by_hand_is_drift_and_removed(kube, installed):
    patch(kube, installed, DEPLOYMENT, {"spec": {"replicas": 3}})
    (finding,) = drift.find(kube, installed, MANIFEST)
    assert (str(finding), finding.state) == ("Deployment/web", "drifted")
    assert "-  replicas: 3\n+  replicas: 1" in finding.change.text
    drift.mend(kube, [finding])
    assert drift.find(kube, installed, MANIFEST) == []
    assert kube.find(path(installed, DEPLOYMENT))["spec"]["replicas"] == 1


def test_detecting_drift_changes_nothing(kube, installed):
    patch(kube, installed, DEPLOYMENT, {"spec": {"replicas": 3}})
    before = kube.find(path(installed, DEPLOYMENT))
    drift.find(kube, installed, MANIFEST)
    assert kube.find(path(installed, DEPLOYMENT)) == before


def test_the_diff_of_a_secret_shows_no_value(kube, installed):
    patch(kube, installed, SECRET, {"data": {"password": "c2Vjb25k"}})
    (finding,) = drift.find(kube, installed, MANIFEST)
    assert "password" in finding.change.text
    assert "Zmlyc3Q" not in finding.change.text
    assert "c2Vjb25k" not in finding.change.text


def test_a_deleted_object_is_gone(kube, installed):
    kube.delete(path(installed, SERVICE))
    (finding,) = drift.find(kube, installed, MANIFEST)
    assert (str(finding), finding.state, finding.change.kind) == ("Service/web", "gone", "added")


def test_an_object_of_a_kind_that_is_not_served_is_gone(kube, installed):
    custom = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "t"}}
    (finding,) = drift.find(kube, installed, [custom])
    assert finding.state == "gone"


def test_a_failed_job_is_drift_and_deleted(kube, namespace):
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {
            "template": {
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
            }
        },
    }
    where = path(namespace, job)
    kube.request("POST", where.rpartition("/")[0], body=job)
    assert drift.find(kube, namespace, [job]) == []
    now = "2026-01-01T00:00:00Z"
    failed = [
        {"type": name, "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": now}
        for name in ("FailureTarget", "Failed")
    ]
    status = {"status": {"startTime": now, "conditions": failed}}
    kube.request(
        "PATCH", f"{where}/status", body=status, content_type="application/merge-patch+json"
    )
    (finding,) = drift.find(kube, namespace, [job])
    assert finding.state == "failed"
    drift.mend(kube, [finding])
    left = kube.find(where)
    assert left is None or left["metadata"].get("deletionTimestamp")


def test_an_object_that_is_being_deleted_is_found(kube, installed):
    hold = {"metadata": {"finalizers": ["example.org/hold"]}}
    patch(kube, installed, SECRET, hold)
    kube.delete(path(installed, SECRET))
    (finding,) = drift.find(kube, installed, MANIFEST)
    assert (str(finding), finding.state, finding.change.kind) == ("Secret/s", "deleted", "added")
    patch(kube, installed, SECRET, {"metadata": {"finalizers": None}})
