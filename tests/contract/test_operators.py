"""Operators take a release over with helm, of either version, and give it back."""

import subprocess
import time
from dataclasses import replace

import pytest

from learnflow_infra.clients import helm_program
from learnflow_infra.engine.verbs import deploy, diff
from learnflow_infra.errors import NotReadyError
from learnflow_infra.events import Message
from learnflow_infra.values import Flags
from tests.contract.demo_skill import checkout, foundation, options, skill, user
from tests.contract.test_going_back import STUCK

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract


@pytest.fixture(params=["helm 4", pytest.param("helm 3", marks=pytest.mark.full)])
def helm(request, options):
    """The user's helm."""
    is_old = request.param == "helm 3"
    program = request.getfixturevalue("helm3") if is_old else helm_program.executable()

    def run(*words, check=True):
        command = [program, *words, "--kube-context", "admin", "-n", options.namespace]
        return subprocess.run(command, check=check, capture_output=True, text=True)

    return run


@pytest.fixture
def live_map(options):
    """The path of the release's ConfigMap."""
    return f"/api/v1/namespaces/{options.namespace}/configmaps/demo"


@pytest.fixture
def greeting(kube, live_map):
    return lambda: kube.get(live_map)["data"]["greeting"]


@pytest.fixture
def deployed(options):
    """Deploy; returns the deploy and what was told of others' revisions."""

    def run(*values, verb=deploy.deploy, **changed):
        flags = Flags(set_values=tuple(f"demo.{value}" for value in values))
        events = []
        result = verb(replace(options, flags=flags, timeout=2.0, **changed), events.append)
        texts = [event.text for event in events if isinstance(event, Message)]
        return result, [text for text in texts if "no deploy made" in text]

    return run


def test_each_of_a_users_commands_is_accepted(helm, deployed, greeting, skill):
    deployed("greeting=ours")
    for words in (["list"], ["history", "demo"], ["get", "all", "demo"]):
        assert "demo" in helm(*words).stdout
    assert deployed("greeting=ours")[0].changed is False

    chart = str(skill / "charts/demo")
    helm("upgrade", "demo", chart, "--reuse-values", "--set", "greeting=theirs,other=1")
    for verb in (diff.diff, deploy.deploy):
        (line,) = deployed("greeting=ours", verb=verb)[1]
        assert "no deploy made revision 2 of demo (Upgrade complete)" in line
        assert "undoes its demo.greeting, demo.other, ConfigMap/demo .data.greeting." in line
        assert "--keep-foreign" in line
    assert greeting() == "ours"

    helm("rollback", "demo", "2")
    assert greeting() == "theirs"
    _, told = deployed(keep_foreign=True)
    assert (greeting(), told) == ("theirs", [])
    assert deployed("greeting=ours")[1] == []

    helm("rollback", "demo", "3")
    done, told = deployed("greeting=ours")
    assert (done.changed, told) == (False, [])

    for words in ([], ["--keep-history"]):
        helm("uninstall", "demo", *words)
        done, told = deployed("greeting=ours")
        assert (done.changed, told, greeting()) == (True, [], "ours")


@pytest.mark.full
def test_the_values_of_this_run_override_those_of_the_user(helm, deployed, greeting, skill):
    deployed("other=1")
    chart = str(skill / "charts/demo")
    helm("upgrade", "demo", chart, "--reuse-values", "--set", "greeting=theirs,more=2")
    deployed("greeting=ours", keep_foreign=True)
    assert greeting() == "ours"
    values = helm("get", "values", "demo", "-o", "json").stdout
    assert ('"more":2' in values, '"other"' in values) == (True, False)


def test_what_failed_before_a_failed_rollback_is_not_good(helm, deployed, live_map, skill, kube):
    """Helm calls it superseded then, and it keeps the description of a deploy."""
    with (skill / "charts/demo/templates/all.yaml").open("a") as file:
        file.write(STUCK)
    (skill / "charts/demo/values.yaml").write_text("greeting: hello\nstuck: false\n")
    deployed("greeting=good")
    with pytest.raises(NotReadyError):
        deployed("greeting=bad", "stuck=true", rollback=False)
    path = live_map
    kube.merge(path, {"immutable": True})
    assert helm("rollback", "demo", "1", check=False).returncode == 1
    kube.delete(path)
    states = [line.split("\t")[2].strip() for line in helm("history", "demo").stdout.splitlines()]
    assert states[-2:] == ["superseded", "failed"]
    deployed(reuse_values=True)
    assert kube.get(path)["data"]["greeting"] == "good"
    assert kube.find(path.replace("configmaps/demo", "services/stuck")) is None


@pytest.mark.full
def test_an_upgrade_that_was_cut_off_is_not_good_after_a_failed_rollback(
    helm, deployed, live_map, skill, kube
):
    namespace, path = live_map.split("/")[4], live_map
    chart = skill / "charts/demo"
    deployed("greeting=good")
    hook = chart / "templates/hook.yaml"
    hook.write_text(HOOK)
    program = helm("version", "--short").args[0]
    words = ["upgrade", "demo", str(chart), "--set", "greeting=bad", "-n", namespace]
    process = subprocess.Popen([program, *words, "--kube-context", "admin"])
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    wait_for(lambda: kube.items(jobs))
    process.kill()
    process.wait()
    hook.unlink()
    kube.merge(path, {"immutable": True, "data": {"greeting": "other"}})
    assert helm("rollback", "demo", "1", check=False).returncode == 1
    kube.delete(path)
    deployed(reuse_values=True)
    assert kube.get(path)["data"]["greeting"] == "good"


HOOK = """
apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: pre-upgrade}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}
"""


def wait_for(found):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not found():
        time.sleep(0.1)
    assert found()
