"""Causes in a release itself, and in objects that belong to no release of ours."""

from dataclasses import replace

import pytest

from learnflow_infra.engine.verbs import deploy, diagnose
from learnflow_infra.engine.verbs.diagnose import Finding
from learnflow_infra.events import ignore
from tests.contract.demo import leave_unfinished
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
IMAGE = "registry.example/team/tool:1"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "foreign"},
    "spec": {"containers": [{"name": "c", "image": IMAGE}]},
}


def diagnosed(options):
    return diagnose.diagnose(options, ignore)


def codes(finding):
    return [cause.code for cause in finding.causes]


@pytest.fixture
def foreign_pod(kube, namespace):
    """A foreign pod whose image does not exist, as a kubelet reports it."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    kube.request("POST", path, body=POD)
    waiting = {
        "reason": "ErrImagePull",
        "message": f'rpc error: code = NotFound desc = failed to pull "{IMAGE}": not found',
    }
    status = {"name": "c", "ready": False, "restartCount": 0, "image": IMAGE, "imageID": ""}
    body = {"status": {"containerStatuses": [{**status, "state": {"waiting": waiting}}]}}
    kind = "application/strategic-merge-patch+json"
    kube.request("PATCH", f"{path}/foreign/status", body=body, content_type=kind)


def test_a_release_that_is_not_installed_is_a_cause(options):
    (finding,) = diagnosed(options)
    (cause,) = finding.causes
    assert (cause.code, cause.object) == ("ReleaseMissing", "Release/demo")
    assert str(cause.remedy) == "learnflow-infra deploy demo-k8s-setup"


@pytest.mark.parametrize("status", ["failed", "pending-upgrade"])
def test_a_release_whose_last_operation_did_not_succeed_is_a_cause(options, session, status):
    deploy.deploy(options, ignore)
    leave_unfinished(session, status)
    (finding,) = diagnosed(replace(options, skills=("demo-k8s-setup",)))
    (cause,) = finding.causes
    assert (cause.code, cause.message) == ("ReleaseNotDeployed", f"the release is {status}")


def test_a_deployed_release_has_no_cause(options):
    deploy.deploy(options, ignore)
    assert diagnosed(replace(options, skills=("demo-k8s-setup",))) == [
        Finding(release="demo", causes=[])
    ]


def test_where_others_alone_use_the_namespace_our_release_is_not_missing(options, foreign_pod):
    (finding,) = diagnosed(options)
    assert (finding.release, codes(finding)) == (None, ["ImageNotFound"])


def test_objects_of_others_are_reported_beside_our_release(options, foreign_pod):
    deploy.deploy(options, ignore)
    ours, others = diagnosed(options)
    assert (ours.release, codes(ours)) == ("demo", [])
    assert (others.release, codes(others)) == (None, ["ImageNotFound"])


def test_for_a_named_skill_others_are_not_reported(options, foreign_pod):
    (finding,) = diagnosed(replace(options, skills=("demo-k8s-setup",)))
    assert (finding.release, codes(finding)) == ("demo", ["ReleaseMissing"])
