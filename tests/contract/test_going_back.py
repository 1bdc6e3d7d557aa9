"""A failed upgrade goes back by itself, and `rollback` never returns to what was broken."""

import json
import subprocess
from dataclasses import replace

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.engine.proof import verification
from learnflow_infra.engine.verbs import deploy, history, rollback
from learnflow_infra.errors import InputError, NotReadyError, RefusedError, VerificationError
from learnflow_infra.events import ignore
from learnflow_infra.values import Flags
from tests.contract.demo_skill import VERIFY, checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
STUCK = """
---
{{ if .Values.stuck }}
apiVersion: v1
kind: Service
metadata: {name: stuck}
spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{name: a, port: 80}]}
{{ end }}
"""
NEEDS_A_SECRET = """
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: c, image: i, envFrom: [{secretRef: {name: login}}]}]
"""
LOGIN = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}


@pytest.fixture
def deployed(options, skill):
    """Deploy the skill with some values; a Service that is `stuck` never gets ready."""
    chart = skill / "charts/demo"
    with (chart / "templates/all.yaml").open("a") as file:
        file.write(STUCK)
    (chart / "values.yaml").write_text("greeting: hello\nstuck: false\n")

    def run(*values, **changed):
        flags = Flags(set_values=tuple(f"demo.{value}" for value in values))
        return deploy.deploy(replace(options, flags=flags, timeout=1.0, **changed), ignore)

    return run


@pytest.fixture
def state(kube, options):
    """The greeting that is deployed, and what the record says."""

    def read():
        base = f"/api/v1/namespaces/{options.namespace}/configmaps"
        record = kube.find(f"{base}/learnflow-endpoints")["data"]
        (entry,) = json.loads(record["endpoints.json"])["endpoints"]
        return kube.find(f"{base}/demo")["data"]["greeting"], entry

    return read


@pytest.fixture
def revisions(options):
    def read():
        (item,) = history.history(options, ignore)
        return [
            (e.revision.revision, e.revision.status, bool(e.ready and e.ready.verified))
            for e in item.entries
        ]

    return read


def back(options):
    return rollback.rollback(
        replace(options, skills=("demo-k8s-setup",)), release=None, revision=None, emit=ignore
    )


def test_a_failed_upgrade_goes_back_to_the_last_verified_revision(
    deployed, state, revisions, checkout
):
    deployed()
    deployed("greeting=hi", verify=False)
    with pytest.raises(NotReadyError, match="demo was rolled back to revision 1, and verified"):
        deployed("greeting=ho", "stuck=true")
    greeting, entry = state()
    assert greeting == "hello"
    assert entry["verified"]
    assert [(n, ok) for n, _, ok in revisions()] == [(4, True), (3, False), (2, False), (1, True)]
    written = checkout("first") / "releases/demo/failed.yaml"
    account, broken = yaml.safe_load_all(written.read_text())
    assert (account["revision"], broken["metadata"]["name"]) == (3, "stuck")
    assert written.stat().st_mode & 0o777 == 0o600
    report = json.loads((checkout("first") / "deploy-report.json").read_text())
    assert report["error"]["exitCode"] == 7
    assert "rolled back to revision 1" in report["error"]["what"]


def test_a_failed_verification_goes_back_too_and_is_the_error(deployed, state, skill, monkeypatch):
    deployed()
    verify_all, calls = verification.verify_all, []

    async def fail_once(*arguments):
        calls.append(arguments)
        passed = "False" if len(calls) == 1 else "True"
        (skill / "verify.py").write_text(VERIFY.replace("PASSED", passed))
        return await verify_all(*arguments)

    monkeypatch.setattr(verification, "verify_all", fail_once)
    with pytest.raises(VerificationError, match="rolled back to revision 1, and verified again"):
        deployed("greeting=hi")
    greeting, entry = state()
    assert (greeting, bool(entry["verified"]), len(calls)) == ("hello", True, 2)


def test_what_was_not_upgraded_does_not_go_back(deployed, revisions):
    deployed()
    for how in ({"rollback": False}, {}):
        with pytest.raises(NotReadyError) as error:
            deployed("stuck=true", **how)
    assert "stays at revision 2: this deploy did not upgrade it" in error.value.what
    assert [(n, ok) for n, _, ok in revisions()] == [(2, False), (1, True)]


@pytest.mark.full
def test_both_errors_are_said_if_the_verification_fails_again(deployed, state, skill):
    deployed()
    (skill / "verify.py").write_text(VERIFY.replace("PASSED", "False"))
    with pytest.raises(VerificationError, match="revision 1, but its verification failed, too"):
        deployed("greeting=hi")
    greeting, entry = state()
    assert (greeting, entry["verified"]) == ("hello", None)


@pytest.mark.full
def test_no_rollback_leaves_it_for_inspection(deployed, state, revisions):
    deployed()
    with pytest.raises(NotReadyError, match="it stays at revision 2: --no-rollback"):
        deployed("greeting=hi", "stuck=true", rollback=False)
    greeting, entry = state()
    assert (greeting, entry["verified"]) == ("hi", None)
    assert "failed" in entry["unverified"]
    assert deployed("greeting=hello").verified


@pytest.mark.full
def test_a_first_install_that_fails_stays_for_inspection(deployed, revisions):
    with pytest.raises(NotReadyError, match="it stays as it is, for inspection"):
        deployed("stuck=true")
    assert revisions() == [(1, "deployed", False)]
    with pytest.raises(NotReadyError, match="no earlier revision was ready"):
        deployed("greeting=hi", "stuck=true")
    assert deployed("greeting=hello").verified


@pytest.mark.full
def test_rolling_back_twice_never_returns_to_the_broken_revision(
    deployed, state, revisions, options
):
    deployed()
    deployed("greeting=hi")
    with pytest.raises(NotReadyError):
        deployed("greeting=ho", "stuck=true", rollback=False)
    for number, greeting in [(2, "hi"), (1, "hello"), (4, "hi")]:
        assert back(options).to == number
        assert state()[0] == greeting


def test_without_another_good_revision_nothing_is_done(deployed, options, revisions):
    deployed()
    with pytest.raises(InputError, match="no other revision that was ready") as error:
        back(options)
    assert "history" in str(error.value.remedy)
    assert [n for n, *_ in revisions()] == [1]


def test_back_again_after_an_uninstallation_that_kept_the_history(
    deployed, state, options, skill, kube
):
    with (skill / "charts/demo/templates/all.yaml").open("a") as file:
        file.write(NEEDS_A_SECRET)
    secrets = f"/api/v1/namespaces/{options.namespace}/secrets"
    kube.create(secrets, LOGIN)
    deployed("greeting=hi")
    words = ["uninstall", "demo", "--keep-history", "-n", options.namespace]
    subprocess.run([executable(), *words, "--kube-context", "admin"], check=True)
    kube.delete(f"{secrets}/login")
    with pytest.raises(RefusedError, match="to revision 1: Secret/login is missing"):
        back(options)
    kube.create(secrets, LOGIN)
    assert back(options).to == 1
    greeting, entry = state()
    assert (greeting, bool(entry["verified"])) == ("hi", True)


@pytest.mark.full
def test_the_history_says_what_made_each_revision_and_names_no_value(deployed, options):
    deployed()
    deployed("greeting=geheim")
    back(options)
    (item,) = history.history(options, ignore)
    assert [e.revision.description for e in item.entries] == [
        "Rollback to 1",
        "deploy, with greeting",
        "deploy",
    ]
