"""A first deploy, its files and its verification."""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from learnflow_infra import paths
from learnflow_infra.documents import schema_faults
from tests.cluster.conftest import eventually
from tests.e2e.conftest import LIMIT

pytestmark = pytest.mark.e2e
SKILLS = ("kafka-k8s-setup", "postgres-k8s-setup")


def test_a_deploy_verifies_both_skills_from_both_vantages(deployed):
    results = {result["skill"]: result for result in deployed.result["verification"]}
    assert set(results) == set(SKILLS)
    for result in results.values():
        assert schema_faults(result, "verify-result") == []
        assert result["passed"]
        assert {"inside", "host"} <= {check["from"] for check in result["checks"]}


def test_a_deploy_writes_only_its_own_folder(product, deployed):
    folder = "learnflow-app/phase-2-infrastructure/"
    written = {name for name, mark in deployed.after.items() if product.before.get(name) != mark}
    assert written
    assert [name for name in written if not name.startswith(folder)] == []
    assert set(product.before) <= set(deployed.after)


def test_a_deploy_records_endpoints_and_artifacts(product, deployed):
    document = json.loads((product.phase / "endpoints.json").read_text())
    assert schema_faults(document, "endpoints") == []
    assert document == deployed.result["endpoints"]
    for release in ("kafka", "postgres"):
        assert (product.phase / f"releases/{release}/values.yaml").stat().st_size
        assert (
            "kind: StatefulSet" in (product.phase / f"releases/{release}/manifest.yaml").read_text()
        )
    report = json.loads((product.phase / "deploy-report.json").read_text())
    assert all(step["result"] == "done" for step in report["steps"])
    assert "postgres.from-host=" in (product.phase / "infra-endpoints.txt").read_text()
    stored = product.kubectl("get", "configmap", "learnflow-endpoints", "-o", "json")
    assert json.loads(json.loads(stored)["data"]["endpoints.json"]) == document


def test_no_secret_is_in_any_file_or_output(product, deployed):
    stored = json.loads(product.kubectl("get", "secret", "postgres-credentials", "-o", "json"))
    texts = [deployed.out, deployed.err]
    texts += [path.read_text() for path in product.phase.rglob("*") if path.is_file()]
    for value in stored["data"].values():
        plain = base64.b64decode(value).decode()
        assert len(plain) >= 32
        assert not [text for text in texts if plain in text or value in text]


def test_a_second_deploy_reports_that_nothing_changed(product, deployed):
    before = tree_of(product)
    done = product.ok("deploy")
    assert "Nothing to change" in done.out
    again = product.ok("deploy", "--output", "json").json
    assert (again["changed"], again["verification"]) == (False, [])
    assert tree_of(product) == before


def tree_of(product):
    reports = {"deploy-report.json", "deploy-report.html"}  # written by every run
    files = (p for p in product.phase.rglob("*") if p.is_file() and p.name not in reports)
    return {path: path.stat().st_mtime_ns for path in files}


def test_status_endpoints_and_diagnose_report_a_healthy_state(product, deployed):
    status = product.ok("status", "--output", "json").json
    assert schema_faults(status, "status") == []
    assert {state["release"]: state["ready"] for state in status["releases"]} == {
        "kafka": True,
        "postgres": True,
    }
    assert product.ok("endpoints", "--output", "json").json == deployed.result["endpoints"]
    env = product.ok("endpoints", "--output", "env").out
    assert env == (product.phase / "endpoints.env").read_text()
    assert "postgres: everything is ready" in product.ok("diagnose").out
    assert "FAIL" not in product.ok("doctor").out


def test_the_printed_kubectl_commands_work(product, deployed):
    text = (product.phase / "infra-endpoints.txt").read_text()
    lines = [line.split(": ", 1)[1] for line in text.splitlines() if line.startswith("# read the ")]
    assert lines
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line], env=product.env, capture_output=True, text=True, check=True
        )
        assert len(done.stdout) >= 32


@pytest.mark.parametrize("origin", ["inside", "host"])
def test_verify_from_one_vantage(product, deployed, origin):
    document = product.ok("verify", "--from", origin, "--output", "json").json
    assert schema_faults(document, "verify-results") == []
    results = document["results"]
    sides = {check["from"] for result in results for check in result["checks"]}
    assert origin in sides
    assert ({"inside", "host"} - {origin}).isdisjoint(sides)


@pytest.mark.administrator("verify.py alone opens no tunnels")
@pytest.mark.parametrize("skill", SKILLS)
def test_verify_py_alone_on_python_3_9(product, deployed, skill):
    python = shutil.which("python3.9")
    works = python and subprocess.run([python, "-c", ""], check=False).returncode == 0
    done = verify_py(product, python if works else "python3", skill, "learnflow")
    assert done.returncode == 0, done.stderr
    assert schema_faults(json.loads(done.stdout), "verify-result") == []
    assert len(done.stderr.splitlines()) >= len(json.loads(done.stdout)["checks"])


@pytest.mark.parametrize("skill", SKILLS)
def test_an_empty_namespace_fails(product, deployed, skill):
    done = verify_py(product, "python3", skill, "default")
    assert done.returncode == 8
    assert json.loads(done.stdout)["passed"] is False


def verify_py(product, python, skill, namespace):
    cluster = product.cluster
    return subprocess.run(
        [
            *(python, str(product.checkout / f"skills-library/{skill}/verify.py")),
            *("--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace),
        ],
        env={**product.env, "KUBECTL": str(cluster.kubectl)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


@pytest.mark.parametrize("script", ["status", "diagnose", "verify"])
@pytest.mark.parametrize("skill", SKILLS)
def test_the_scripts_that_agents_run(product, deployed, skill, script):
    program = paths.repo_root() / f"skills-library/{skill}/scripts/{script}.sh"
    env = {name: value for name, value in product.env.items() if name != "PYTHONPATH"}
    done = subprocess.run([program], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 1 <= len(done.stdout.splitlines()) <= 10


def test_verification_cleans_up(product, deployed):
    product.ok("verify")
    assert_clean(product)


@pytest.mark.parametrize("moment", [b"verify.py", b"--raw", b"exec"])
def test_ctrl_c_in_a_verification_leaves_nothing_behind(product, deployed, moment):
    """The moments: verify.py runs, its kubectl reads, its kubectl is connected to a pod."""
    process = product.popen("verify")
    while process.poll() is None and not any(moment in line for line in commands_of(process.pid)):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, err
    assert_clean(product)


def commands_of(pid):
    """The command lines of all processes that a run has started, and of what those started."""
    try:
        lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
        yield Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return
    for child in " ".join(lists).split():
        yield from commands_of(child)


def assert_clean(product):
    topics = product.kafka("kafka-topics.sh", "--list").split()
    assert [topic for topic in topics if "verify" in topic] == []
    tables = product.psql(
        "select count(*) from pg_tables where schemaname not like 'pg_%' "
        "and schemaname <> 'information_schema'"
    )
    assert tables == "0"
    eventually(lambda: not zombies(product, "kafka-0"))


def zombies(product, pod):
    """The processes in a pod that have ended, and that no parent waits for."""
    stats = product.kubectl("exec", pod, "--", "bash", "-c", "cat /proc/[0-9]*/stat || true")
    return [line for line in stats.splitlines() if ") Z " in line]
