"""Bad input, interruptions, broken releases: the exit code, and that the next deploy converges."""

import base64
import json
import re
import signal

import pytest

from tests.e2e.conftest import LIMIT

pytestmark = pytest.mark.e2e
REPORT = "deploy-report"  # describes the last run, and stays after a purge


def write(tmp_path, text):
    path = tmp_path / "values.yaml"
    path.write_text(text)
    return str(path)


def revisions(product):
    """The newest revision of each release, by helm's Secrets: a fifth of the time of `status`."""
    columns = "custom-columns=:.metadata.labels.name,:.metadata.labels.version"
    table = product.kubectl("get", "secrets", "-l", "owner=helm", "--no-headers", "-o", columns)
    pairs = map(str.split, table.splitlines())
    return dict(sorted((release, int(revision)) for release, revision in pairs))


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["no-such-skill"], 3, "no skill"),
        (["-f", "none.yaml"], 3, "cannot be read"),
        (["postgres-k8s-setup", "--profile", "none"], 3, "There is no profile 'none'"),
        (["--context", "learnflow-none"], 4, "no embedded cluster 'none'"),
        (["--context", "none"], 4, "The context none"),
        (["--timeout", "never"], 3, "not a duration"),
    ],
)
def test_bad_input_changes_nothing(product, deployed, args, code, words):
    before = revisions(product)
    done = product.run("deploy", *args)
    assert (done.code, words in done.err) == (code, True), done.err
    assert revisions(product) == before


def test_an_unknown_value_is_refused(product, deployed, tmp_path):
    before = revisions(product)
    done = product.run("deploy", "-f", write(tmp_path, "postgres:\n  primry: {}\n"))
    assert done.code == 3
    assert "primry" in done.err
    assert revisions(product) == before


def test_an_upgrade_that_fails_has_a_cause_and_goes_back_by_itself(product, deployed, tmp_path):
    memory = "{limits: {memory: 8Mi}, requests: {memory: 8Mi}}"
    values = write(tmp_path, f"postgres:\n  primary: {{resources: {memory}}}\n")
    done = product.run("deploy", "postgres-k8s-setup", "-f", values, "--timeout", "40s")
    assert done.code == 7
    assert "Cause Container" in done.err
    assert re.search(r"postgres was rolled back to revision \d+, and verified again", done.err)
    assert "8Mi" in (product.phase / "releases/postgres/failed.yaml").read_text()
    assert "postgres: everything is ready" in product.ok("diagnose", "postgres-k8s-setup").out
    assert product.run("status").code == 0
    newest, failed = product.ok("history", "postgres-k8s-setup", "-o", "json").json["releases"][0][
        "revisions"
    ][:2]
    assert (bool(newest["verified"]), failed["verified"]) == (True, None)
    assert failed["description"].startswith("deploy, with primary.resources.limits.memory")
    assert "Nothing to change" in product.ok("deploy").out


def test_a_password_that_differs_from_the_volumes_is_reported(product, deployed):
    secret = json.loads(product.kubectl("get", "secret", "postgres-credentials", "-o", "json"))
    kept, other = secret["data"]["password"], base64.b64encode(b"Zx81Zx81").decode()

    def put(value):
        patch = json.dumps({"data": {"password": value}})
        product.kubectl("patch", "secret/postgres-credentials", "-p", patch)

    put(other)
    try:
        done = product.run("verify", "postgres-k8s-setup", "--from", "host")
    finally:
        put(kept)
    assert done.code == 8
    assert "Cause PostgresPasswordDiffers:" in done.err
    assert "Zx81" not in done.err
    product.ok("verify", "postgres-k8s-setup", "--from", "host")


def test_a_broker_that_advertises_an_unreachable_address_is_reported(product, deployed):
    wrong = "kafka.externalAccess.advertisedHost=127.0.0.9"
    done = product.run("deploy", "kafka-k8s-setup", "--set", wrong)
    assert done.code == 8
    assert "Cause KafkaAdvertisedListenerUnreachable:" in done.err
    assert re.search(r"kafka was rolled back to revision \d+, and verified again", done.err)
    product.ok("deploy")


def test_objects_deleted_by_hand_are_reported_and_created_again(product, deployed):
    product.kubectl("delete", "statefulset/postgres", "service/kafka-external")
    assert product.run("status", "postgres-k8s-setup").code == 7
    assert "does not exist" in product.run("diagnose", "postgres-k8s-setup").out
    mended = product.ok("deploy", "-o", "json").json
    assert all(result["passed"] for result in mended["verification"])
    assert len(mended["verification"]) == 2


def test_a_change_of_values_is_rolled_out_and_back(product, deployed, tmp_path):
    values = write(tmp_path, "postgres:\n  primary: {podAnnotations: {tried: 'yes'}}\n")
    before = revisions(product)
    changed = product.ok("deploy", "postgres-k8s-setup", "-f", values, "-o", "json").json
    assert changed["changed"]
    assert [endpoint["name"] for endpoint in changed["endpoints"]["endpoints"]] == [
        "kafka",
        "postgres",
    ]
    after = revisions(product)
    assert after["postgres"] == before["postgres"] + 1
    assert after["kafka"] == before["kafka"]
    product.ok("deploy")


def test_an_error_lists_node_ports_in_use_and_the_settings_to_change(product, deployed):
    args = ("deploy", "postgres-k8s-setup", "-n", "second")
    done = product.run(*args)
    assert done.code == 11
    assert "belongs to the Service learnflow/postgres-external" in done.err
    assert "namespace/second" not in product.kubectl("get", "namespaces", "-o", "name").split()
    (key,) = re.findall(r"--set (\S+)=PORT", done.err)
    second = product.ok(*args, "--set", f"{key}=30999", "-o", "json").json
    assert [result["passed"] for result in second["verification"]] == [True]
    assert second["endpoints"]["endpoints"][0]["host"]["port"] == 30999
    product.ok("delete", "-n", "second", "--purge-data", "--yes")
    product.kubectl("delete", "namespace", "second")
    product.ok("deploy")  # the artifacts describe the first namespace again


LONG = pytest.mark.full
MOMENTS = [
    pytest.param(("step-started", ""), id="the first step", marks=LONG),
    pytest.param(("step-started", "release/kafka"), id="helm installs"),
    pytest.param(("object-seen", "release/kafka"), id="a pod appears", marks=LONG),
    pytest.param(("step-finished", "release/postgres"), id="a release is ready", marks=LONG),
    pytest.param(("step-started", "verify/kafka-k8s-setup"), id="verification"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deploy_after_ctrl_c_at_any_moment_converges(product, deployed, moment):
    product.ok("delete")
    process = product.popen("deploy", "--progress")
    lines = []
    for line in process.stderr:
        lines.append(line)
        event = json.loads(line)
        if event["event"] == moment[0] and event.get("step", "").startswith(moment[1]):
            process.send_signal(signal.SIGINT)
            break
    _, rest = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, "".join(lines) + rest
    assert json.loads(rest.splitlines()[-1])["event"] == "error"
    assert "Traceback" not in rest
    assert_converges(product)


def test_a_deploy_after_ctrl_c_before_its_first_line_converges(product, deployed):
    product.ok("delete")
    process = product.popen("deploy")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    # a shell reports both as 130; the second comes from Python itself
    assert process.returncode in {130, -signal.SIGINT}, err
    assert "Traceback" not in err or process.returncode == -signal.SIGINT
    assert_converges(product)


def assert_converges(product):
    done = product.ok("deploy", "-o", "json").json
    assert all(result["passed"] for result in done["verification"])
    assert product.run("status").code == 0


def test_one_of_two_concurrent_deploys_is_refused(product, deployed):
    product.ok("delete")
    first = product.popen("deploy")
    while first.poll() is None and not (product.phase / ".lock").exists():
        pass
    try:
        second = product.run("deploy")
    finally:
        _, err = first.communicate(timeout=LIMIT)
    assert sorted([first.returncode, second.code]) == [0, 9], err + second.err


def test_purge_leaves_nothing(product, deployed):
    done = product.ok("delete", "--purge-data", "--yes")
    assert "Kept" not in done.out
    left = product.kubectl("get", "pods,pvc,secrets,statefulsets,services", "-o", "name")
    assert left == ""
    assert "learnflow-endpoints" not in product.kubectl("get", "configmaps", "-o", "name")
    written = {path.name for path in product.phase.iterdir()}
    assert [name for name in written - {".lock"} if not name.startswith(REPORT)] == []
    assert product.run("endpoints").code == 3
    again = product.ok("delete")
    assert "none was installed" in again.out
