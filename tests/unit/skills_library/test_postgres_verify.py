"""verify.py and what it shares, with an imitated kubectl (its exec runs in this machine)."""

import base64
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading

import jsonschema
import pytest
from kubectl import ApiError, ClusterUnreachableError, Kubectl, _refusal
from verification import CheckFailed, Verification, main

from learnflow_infra.paths import repo_root

ROOT = repo_root()
VERIFY = ROOT / "skills-library/postgres-k8s-setup/verify.py"
SCHEMA = json.loads((ROOT / "specs/2-infra-deploy/contracts/verify-result.schema.json").read_text())
KUBECTL = textwrap.dedent("""\
    #!{python}
    import os, sys
    if "exec" in sys.argv:
        command = sys.argv[sys.argv.index("--") + 1:]
        os.execvp(command[0], command)
    path = sys.argv[sys.argv.index("--raw") + 1].split("?")[0].split("/namespaces/")[1]
    name = os.path.join({folder!r}, path.replace("/", "_"))
    if os.path.exists({folder!r} + "/down"):
        sys.exit("The connection to the server 127.0.0.1:1 was refused")
    if not os.path.exists(name):
        sys.exit("Error from server (NotFound): " + path + " not found")
    sys.stdout.write(open(name).read())
    """)
ENDPOINT = {
    "name": "postgres",
    "release": "postgres",
    "inCluster": {"host": "127.0.0.1", "port": 1},
    "host": {"host": "127.0.0.1", "port": 1},
    "parameters": {"database": "app", "username": "app"},
    "credentials": {"secret": "pw", "keys": {"password": "password"}},
}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder of API answers; the namespace is ns."""
    program = tmp_path / "kubectl"
    folder = tmp_path / "api"
    folder.mkdir()
    program.write_text(KUBECTL.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    answer(folder, "ns/pods", {"items": [pod("postgres-0")]})
    claim = {"metadata": {"name": "data"}, "status": {"phase": "Bound"}}
    answer(folder, "ns/persistentvolumeclaims", {"items": [claim]})
    secret = {"data": {"password": base64.b64encode("pä\n".encode()).decode()}}
    answer(folder, "ns/secrets/pw", secret)
    document = {"kind": "Endpoints", "endpoints": [ENDPOINT]}
    answer(
        folder,
        "ns/configmaps/learnflow-endpoints",
        {"data": {"endpoints.json": json.dumps(document)}},
    )
    return folder


def answer(folder, path, document):
    (folder / path.replace("/", "_")).write_text(json.dumps(document))


def pod(name, ready="True", **status):
    conditions = [{"type": "Ready", "status": ready}]
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp"}]
    return {
        "metadata": {"name": name},
        "spec": {"volumes": volumes},
        "status": {"conditions": conditions, **status},
    }


def run(*arguments, **options):
    command = [sys.executable, str(VERIFY), "-n", "ns", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 3:
        jsonschema.validate(json.loads(done.stdout), SCHEMA)
    return done


def failed(done):
    return {c["name"]: c["message"] for c in json.loads(done.stdout)["checks"] if not c["passed"]}


def test_an_unreachable_cluster_is_4(cluster):
    (cluster / "down").touch()
    done = run()
    assert done.returncode == 4
    assert "refused" in failed(done)["cluster-reachable"]


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("Error from server (NotFound): configmaps x not found", ApiError),
        ("W1126 warnings.go:70] old\nError from server (NotFound): x not found", ApiError),
        ("Warning: old\nError from server (Forbidden): no", ApiError),
        ("Error from server (ServiceUnavailable): later", ClusterUnreachableError),
        ("The connection to the server 127.0.0.1:1 was refused", ClusterUnreachableError),
        ("", ClusterUnreachableError),
    ],
)
def test_a_refusal_is_no_unreachable_cluster(stderr, kind):
    assert type(_refusal(stderr)) is kind


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NotFound", "no endpoints are recorded in namespace ns"),
        ("Forbidden", "the recorded endpoints cannot be read: no"),
    ],
)
def test_only_a_missing_record_is_called_missing(monkeypatch, reason, words):
    def get(*_args, **_more):
        raise ApiError(reason, "no")

    kubectl = Kubectl("", "", "ns")
    monkeypatch.setattr(kubectl, "get", get)
    with pytest.raises(CheckFailed) as error:
        Verification(kubectl, ["inside"], 1).load_endpoints("")
    assert words in str(error.value)


def test_no_kubectl_is_4(monkeypatch):
    monkeypatch.setenv("KUBECTL", "/nowhere/kubectl")
    done = run()
    assert done.returncode == 4
    assert "install kubectl" in done.stderr


@pytest.mark.parametrize(
    "wrong", [["--from", "mars"], ["--timeout", "0"], ["--timeout", "x"], ["y"]]
)
def test_wrong_options_are_3(cluster, wrong):
    assert run(*wrong).returncode == 3


def test_an_empty_namespace_is_8(cluster):
    for file in cluster.iterdir():
        file.unlink()
    done = run()
    assert done.returncode == 8
    assert "learnflow-infra deploy" in failed(done)["endpoints"]


@pytest.mark.parametrize("document", ["", "[]", '{"kind": "Other"}', "{", '{"kind": "Endpoints"}'])
def test_endpoints_that_are_none_are_8(cluster, document):
    done = run("--endpoints", "-", input=document)
    assert done.returncode == 8
    assert "endpoints" in failed(done)


def test_missing_pods_volume_and_secret_are_all_named_at_once(cluster):
    answer(cluster, "ns/pods", {"items": []})
    answer(cluster, "ns/persistentvolumeclaims", {"items": []})
    (cluster / "ns_secrets_pw").unlink()
    done = run()
    assert done.returncode == 8
    assert set(failed(done)) == {"pods-ready", "volume-bound", "credentials"}


def test_a_pod_that_is_not_ready_is_named_with_its_reason(cluster):
    waiting = {"name": "postgresql", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    answer(cluster, "ns/pods", {"items": [pod("postgres-0", "False", containerStatuses=[waiting])]})
    done = run()
    assert done.returncode == 8
    assert "postgres-0, container postgresql: ImagePullBackOff" in failed(done)["pods-ready"]


def test_a_server_that_is_down_fails_from_both_sides_and_names_the_address(cluster):
    done = run("--timeout", "2")
    assert done.returncode == 8
    checks = [c for c in json.loads(done.stdout)["checks"] if c["from"] in {"inside", "host"}]
    assert {(c["name"], c["from"]) for c in checks} == {
        (name, side) for name in ("connect", "wrong-password") for side in ("inside", "host")
    }
    assert all("127.0.0.1:1" in c["message"] and "refused" in c["message"] for c in checks)


def test_the_password_is_never_shown(cluster):
    done = run("--timeout", "2", "--from", "host")
    assert "pä" not in done.stdout + done.stderr


def test_nothing_checked_is_a_failure(cluster, capsys):
    assert main("demo", lambda _: None, ["-n", "ns"]) == 8
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_any_failed_check_is_a_failure(cluster, capsys):
    def body(verification):
        verification.check("good", "host", lambda: "fine")
        verification.check("bad", "host", lambda: 1 / 0)

    assert main("demo", body, ["-n", "ns"]) == 8
    last = json.loads(capsys.readouterr().out)["checks"][-1]
    assert last["message"] == "ZeroDivisionError: division by zero"


def test_all_held(cluster, capsys):
    def body(verification):
        verification.together(lambda: verification.check("good", "inside", lambda: "fine"))

    assert main("demo", body, ["-n", "ns"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True


def test_an_unreachable_cluster_in_a_thread_ends_the_run(cluster):
    def lost():
        raise ClusterUnreachableError("gone")

    verification = Verification(Kubectl("", "", "ns"), ["host"], 5)
    with pytest.raises(ClusterUnreachableError):
        verification.together(lost, lambda: None)


def test_a_secret_is_read_unchanged(cluster):
    kubectl = Kubectl("", "", "ns")
    assert kubectl.secret("pw", "password") == "pä\n"
    with pytest.raises(ApiError, match="no key other"):
        kubectl.secret("pw", "other")


def test_volumes_that_are_not_bound(cluster):
    claim = {"metadata": {"name": "data"}, "status": {"phase": "Pending"}}
    answer(cluster, "ns/persistentvolumeclaims", {"items": [claim]})
    assert "not bound: data" in failed(run("--timeout", "2"))["volume-bound"]


def test_claims_of_others_do_not_count(cluster):
    others = {"metadata": {"name": "other"}, "status": {"phase": "Pending"}}
    mine = {"metadata": {"name": "data"}, "status": {"phase": "Bound"}}
    answer(cluster, "ns/persistentvolumeclaims", {"items": [others, mine]})
    assert "volume-bound" not in failed(run("--timeout", "2"))


def test_pods_without_a_claim_keep_nothing_and_that_is_said(cluster):
    without = pod("postgres-0")
    del without["spec"]
    answer(cluster, "ns/pods", {"items": [without]})
    checks = {c["name"]: c for c in json.loads(run("--timeout", "2").stdout)["checks"]}
    assert checks["volume-bound"]["passed"]
    assert "lost with the pod" in checks["volume-bound"]["message"]


WHY = "no Service of postgres has a port outside the cluster"


@pytest.fixture
def no_way(cluster):
    endpoint = {**ENDPOINT, "withoutHost": WHY}
    del endpoint["host"]
    document = json.dumps({"kind": "Endpoints", "endpoints": [endpoint]})
    data = {"data": {"endpoints.json": document}}
    answer(cluster, "ns/configmaps/learnflow-endpoints", data)


def test_without_a_way_from_the_host_it_claims_nothing_about_the_host(no_way):
    document = json.loads(run("--timeout", "2").stdout)
    assert {check["from"] for check in document["checks"]} == {"cluster", "inside"}
    assert document["unchecked"] == [{"from": "host", "why": WHY}]


def test_without_a_way_from_the_host_asking_for_the_host_fails(no_way):
    done = run("--from", "host")
    assert done.returncode == 8
    assert failed(done) == {"address": f"there is no way from the host: {WHY}"}


def test_a_password_in_no_secret_is_named(cluster):
    document = json.dumps({"kind": "Endpoints", "endpoints": [{**ENDPOINT, "credentials": None}]})
    data = {"data": {"endpoints.json": document}}
    answer(cluster, "ns/configmaps/learnflow-endpoints", data)
    assert "in no Secret" in failed(run())["credentials"]


@pytest.fixture
def echo():
    """A server that sends back what it got, until the client closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    while data := connection.recv(65536):
                        connection.sendall(data)
        except OSError:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_the_relay_carries_bytes_both_ways_and_ends_with_the_socket(cluster, echo):
    sent = os.urandom(300_000)
    relay = Kubectl("", "", "ns").connect_from("pod", echo, 10)
    writer = threading.Thread(target=relay.sendall, args=(sent,))
    writer.start()
    got = b""
    while len(got) < len(sent):
        got += relay.recv(65536)
    writer.join()
    assert got == sent
    relay.close()
    assert relay._process.poll() is not None


def test_the_relay_ends_when_the_server_hangs_up(cluster):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Kubectl("", "", "ns").connect_from("pod", listener.getsockname(), 10)
        connection, _ = listener.accept()
        connection.sendall(b"bye")
        connection.close()
    assert relay.recv(10) == b"bye"
    assert relay.recv(10) == b""
    relay.close()


def test_a_relay_that_cannot_connect_says_why(cluster):
    with pytest.raises(ConnectionError, match=r"pod x: .*refused"):
        Kubectl("", "", "ns").connect_from("x", ("127.0.0.1", 1), 5)
