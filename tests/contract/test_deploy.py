"""A whole deploy against a real API server, by a skill that needs no pods."""

import json
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from kubernetes.client import ApiClient

from learnflow_infra.engine.verbs import delete, deploy, rollback
from learnflow_infra.errors import RefusedError, VerificationError
from learnflow_infra.events import ignore
from tests.contract.demo_skill import PORT, VERIFY, checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
RECORD = "/api/v1/namespaces/{}/configmaps/learnflow-endpoints"


@pytest.fixture
def requests(monkeypatch):
    """How often each method was used on each path of the API."""
    counts = Counter()
    call = ApiClient.call_api

    def counted(self, method, url, *arguments, **options):
        counts[method, urlsplit(url).path] += 1
        return call(self, method, url, *arguments, **options)

    monkeypatch.setattr(ApiClient, "call_api", counted)
    return counts


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
def test_the_clusters_record_is_read_once(options, requests, verb):
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


def test_an_unchanged_record_is_not_written_again(options, requests):
    deploy.deploy(options, ignore)
    requests.clear()
    deploy.deploy(options, ignore)
    assert not [path for method, path in requests if (method, path[-9:]) == ("PATCH", "endpoints")]


def test_two_clones_deploy_with_the_profile_that_the_cluster_records(options, checkout, kube):
    """The context's default is upstream; the first clone deployed with another profile."""
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
