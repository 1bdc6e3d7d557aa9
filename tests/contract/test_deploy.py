"""A whole deploy against a real API server, by a skill that needs no pods."""

import json
from dataclasses import replace

import pytest

from learnflow_infra.engine.proof import verification
from learnflow_infra.engine.verbs import deploy, diagnose, status
from learnflow_infra.errors import NotReadyError, RefusedError, VerificationError
from learnflow_infra.events import ignore
from learnflow_infra.outputs import stored_record
from learnflow_infra.values import Flags
from tests.contract.demo_skill import (
    PORT,
    VERIFY,
    checkout,
    foundation,
    options,
    publish_login,
    skill,
    user,
)

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
RECORD = "/api/v1/namespaces/{}/configmaps/learnflow-endpoints"


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
    assert (document["profile"], document["endpoints"], verified) == ("upstream", [], {})
    assert not (checkout("first") / "endpoints.json").exists()
    report = json.loads((checkout("first") / "deploy-report.json").read_text())
    assert (report["result"], report["error"]["exitCode"]) == ("failed", 8)


def test_nothing_is_recorded_before_it_is_verified(options, kube, checkout, monkeypatch):
    """Neither place changes until the verification has passed; then both say when and by what."""
    present, verify_all = [], verification.verify_all

    async def look_then_verify(*arguments):
        present.append(kube.find(RECORD.format(options.namespace)))
        present.append((checkout("first") / "endpoints.json").exists())
        return await verify_all(*arguments)

    monkeypatch.setattr(verification, "verify_all", look_then_verify)
    done = deploy.deploy(options, ignore)
    assert present == [None, False]
    (entry,) = recorded(kube, options.namespace)[0]["endpoints"]
    assert entry["verified"] == {
        "at": entry["verified"]["at"],
        "by": "demo-k8s-setup/verify.py",
        "checks": ["answers from host"],
    }
    for name in ("endpoints.json", "endpoints.env", "infra-endpoints.txt"):
        assert entry["verified"]["at"] in (checkout("first") / name).read_text()
    assert done.endpoints["endpoints"] == [entry]


@pytest.mark.full
def test_a_failed_verification_takes_the_claim_back_in_both_places(options, skill, kube, checkout):
    deploy.deploy(options, ignore)
    before = recorded(kube, options.namespace)[0]["endpoints"][0]
    (skill / "verify.py").write_text(VERIFY.replace("PASSED", "False"))
    changed = replace(options, flags=Flags(set_values=("demo.greeting=hi",)))
    with pytest.raises(VerificationError):
        deploy.deploy(changed, ignore)
    document, verified = recorded(kube, options.namespace)
    (entry,) = document["endpoints"]
    assert (entry["host"], entry["verified"]) == (before["host"], None)
    assert not verified["demo-k8s-setup"]["holds"]
    assert "its verification of 20" in entry["unverified"]
    assert json.loads((checkout("first") / "endpoints.json").read_text()) == document
    assert "not verified: its ver" in (checkout("first") / "infra-endpoints.txt").read_text()


@pytest.mark.full
def test_without_verification_the_endpoints_are_recorded_as_not_verified(options, kube):
    quick = replace(options, verify=False)
    assert deploy.deploy(quick, ignore).verified is False
    entry = recorded(kube, options.namespace)[0]["endpoints"][0]
    assert (entry["verified"], entry["unverified"]) == (None, "deployed with --no-verify")
    assert deploy.deploy(options, ignore).verified is True
    entry = recorded(kube, options.namespace)[0]["endpoints"][0]
    assert entry["verified"]
    assert deploy.deploy(quick, ignore).verified is True
    assert recorded(kube, options.namespace)[0]["endpoints"] == [entry]


def test_the_clusters_record_names_no_path_of_the_deployer(options, skill, kube, checkout):
    source = skill / "skill.yaml"
    line = '["${kubectl} -n ${namespace} get pods"]'
    source.write_text(source.read_text().replace("connect: []", f"connect: {line}"))
    deploy.deploy(options, ignore)
    (entry,) = recorded(kube, options.namespace)[0]["endpoints"]
    assert entry["connect"] == [f"kubectl -n {options.namespace} get pods"]
    text = (checkout("first") / "infra-endpoints.txt").read_text()
    assert f"kubectl --context admin -n {options.namespace} get pods" in text


def test_the_record_of_an_earlier_version_is_read(options, kube):
    deploy.deploy(options, ignore)
    document, _ = recorded(kube, options.namespace)
    entry = document["endpoints"][0]
    del entry["verified"]
    entry["connect"] = [f"/home/x/kubectl --context a -n {options.namespace} get pods"]
    data = {"endpoints.json": json.dumps(document), "verified.json": '{"demo-k8s-setup": "1"}'}
    kube.apply(
        RECORD.format(options.namespace),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "learnflow-endpoints"},
            "data": data,
        },
    )
    (read,) = stored_record.read(kube, options.namespace).endpoints["endpoints"]
    assert (read["verified"], read["unverified"]) == (None, "recorded by an earlier version")
    assert read["connect"] == [f"kubectl -n {options.namespace} get pods"]
    assert len(deploy.deploy(options, ignore).verification) == 1


def test_a_secret_that_is_changed_or_deleted_is_found(options, skill, kube):
    publish_login(skill, kube, options.namespace, "one")
    deploy.deploy(options, ignore)
    publish_login(skill, kube, options.namespace, "two")
    (release,) = status.status(options, ignore)
    assert not release.ready
    (cause,) = diagnose.diagnose(replace(options, skills=("demo-k8s-setup",)), ignore)[0].causes
    assert (cause.code, cause.object) == ("SecretChanged", "Secret/login")
    done = deploy.deploy(options, ignore)
    assert (done.changed, len(done.verification)) == (False, 1)
    assert status.status(options, ignore)[0].ready
    kube.delete(f"/api/v1/namespaces/{options.namespace}/secrets/login")
    with pytest.raises(NotReadyError, match="Secret/login: it does not exist"):
        deploy.deploy(options, ignore)
    assert dict(status.status(options, ignore)[0].objects)["Secret/login"].state == "NotFound"
