"""The API client against a server on loopback that answers what the test says."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import kubernetes.client
import kubernetes.config
import pytest
import yaml

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import ApiError, ConflictError, ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError, followed_by

LOST = "the connection is closed instead of an answer"


class Server:
    """Answers each request with the next of `answers`, then with 200."""

    def __init__(self):
        self.answers, self.requests, self.valid, self.says = [], [], None, ""

    def answer(self, method, path, token):
        self.requests.append((method, path))
        if self.valid and token != f"Bearer {self.valid}":
            return 401, {}
        return self.answers.pop(0) if self.answers else (200, {})


def handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = server.answer(self.command, self.path, self.headers.get("Authorization"))
            if answer == LOST:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, headers = answer
            body = json.dumps({"message": server.says or f"status {status}"}).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture(autouse=True)
def waits():
    with retry.recorded_waits() as recorded:
        yield recorded


@pytest.fixture
def server():
    script = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(script)) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        script.port = http.server_port
        yield script
        http.shutdown()
        thread.join()


@pytest.fixture
def kubeconfig(server, tmp_path):
    path = tmp_path / "config"

    def write(token, port=None):
        address = f"http://127.0.0.1:{port or server.port}"
        document = {
            "clusters": [{"name": "c", "cluster": {"server": address}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    return write


@pytest.fixture
def kube(kubeconfig):
    return Kube(kubeconfig=kubeconfig("t"), context="x")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("fault", [LOST, (500, {}), (502, {}), (503, {}), (504, {})])
def test_a_request_that_may_be_repeated_is_sent_again(server, kube, method, fault):
    server.answers = [fault, fault]
    kube.request(method, "/x", body={} if method != "GET" else None)
    assert server.requests == [(method, "/x")] * 3


@pytest.mark.parametrize("fault", [LOST, (500, {}), (502, {}), (503, {}), (504, {})])
def test_a_post_whose_answer_was_lost_is_not_sent_again(server, kube, fault):
    server.answers = [fault]
    with pytest.raises(ClusterUnreachableError, match="lost") as caught:
        kube.request("POST", "/x", body={})
    assert server.requests == [("POST", "/x")]
    assert "not sent again" in str(caught.value.why)


@pytest.mark.parametrize("fault", [(429, {}), (503, {"Retry-After": 1})])
def test_a_post_that_the_server_did_not_take_is_sent_again(server, kube, fault):
    server.answers = [fault]
    kube.request("POST", "/x", body={})
    assert server.requests == [("POST", "/x")] * 2


def test_a_post_that_changes_nothing_may_be_repeated(server, kube):
    server.answers = [LOST]
    kube.request("POST", "/reviews", body={}, repeatable=True)
    assert server.requests == [("POST", "/reviews")] * 2


def test_a_post_that_was_never_sent_is_sent_again(kubeconfig):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    kube = Kube(kubeconfig=kubeconfig("t", port), context="x")
    with (
        retry.recorded_waits() as waits,
        pytest.raises(ClusterUnreachableError, match="does not answer"),
    ):
        kube.request("POST", "/x", body={})
    assert len(waits) == retry.ATTEMPTS - 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_of_the_server_is_honoured(server, kube, waits, status):
    server.answers = [(status, {"Retry-After": 7})]
    kube.request("GET", "/x")
    assert waits == [7.0]


def test_a_wait_is_limited_by_the_callers_timeout(server, kube, waits):
    server.answers = [(429, {"Retry-After": 60})]
    with pytest.raises(ClusterUnreachableError, match="does not answer"):
        kube.request("GET", "/x", patience=20)
    assert waits == []
    assert len(server.requests) == 1


def test_a_token_that_expired_is_read_again(server, kube, kubeconfig):
    server.valid = "new"
    kubeconfig("new")
    kube.request("POST", "/x", body={})
    assert server.requests == [("POST", "/x")] * 2


def test_threads_that_share_an_expired_token_read_the_kubeconfig_once(
    server, kube, kubeconfig, monkeypatch
):
    together, loads = threading.Barrier(8), []
    load, answer = kubernetes.config.load_kube_config, server.answer

    def counted(**options):
        loads.append(1)
        load(**options)

    def at_once(method, path, token):
        if token == "Bearer t":
            together.wait()
        return answer(method, path, token)

    monkeypatch.setattr(kubernetes.config, "load_kube_config", counted)
    monkeypatch.setattr(server, "answer", at_once)
    server.valid = "new"
    kubeconfig("new")
    threads = [threading.Thread(target=kube.request, args=("GET", "/x")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(server.requests) == 16


def test_a_server_that_rejects_the_credentials_is_named(server, kube):
    server.valid = "another"
    with pytest.raises(ClusterUnreachableError, match="does not accept the credentials") as caught:
        kube.request("GET", "/x")
    assert caught.value.exit_code == 4
    assert len(server.requests) == 2


def test_an_anonymous_user_has_credentials_that_the_server_does_not_accept(server, kube):
    server.says = 'pods is forbidden: User "system:anonymous" cannot list resource "pods"'
    server.answers = [(403, {})]
    with pytest.raises(ClusterUnreachableError, match="does not accept the credentials"):
        kube.request("GET", "/x")


def test_a_program_for_credentials_that_fails_is_told_in_its_words(server, kubeconfig, capfd):
    path = kubeconfig("t")
    document = yaml.safe_load(path.read_text())
    arguments = ["-c", "echo expired: log in >&2; exit 3"]
    api = "client.authentication.k8s.io/v1"
    program = {"apiVersion": api, "command": "sh", "args": arguments, "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": program}
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(ClusterUnreachableError, match="no credentials for the context x") as caught:
        Kube(kubeconfig=path, context="x")
    assert "expired: log in" in str(caught.value.why)
    assert not server.requests
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("status", "kind"), [(403, ForbiddenError), (409, ConflictError), (422, ApiError)]
)
def test_a_refusal_has_its_class_and_is_final(server, kube, status, kind):
    server.answers = [(status, {})]
    with pytest.raises(kind, match=f"answered {status}: status {status}"):
        kube.request("POST", "/x", body={})
    assert len(server.requests) == 1


def test_a_right_that_lacks_is_11_and_named(server, kube):
    server.says = (
        'statefulsets.apps "a" is forbidden: User "u" cannot get resource "statefulsets" in API '
        'group "apps" in the namespace "n"'
    )
    server.answers = [(403, {})]
    with pytest.raises(ForbiddenError) as error:
        kube.get("/x")
    assert error.value.exit_code == 11
    assert error.value.what == "You may not get statefulsets.apps in the namespace n."
    assert error.value.why == server.says
    assert "rights --as-manifest" in str(error.value.remedy)
    copy = followed_by(error.value, "No release was changed.")
    assert (copy.what, copy.exit_code) == (f"{error.value.what} No release was changed.", 11)


def test_a_403_for_a_quota_is_no_missing_right(server, kube):
    server.says = 'pods "a" is forbidden: exceeded quota: q, requested: pods=1'
    server.answers = [(403, {})]
    with pytest.raises(ForbiddenError, match="exceeded quota") as error:
        kube.get("/x")
    assert error.value.exit_code == 6


def test_a_container_without_a_log_has_no_lines(server, kube):
    server.answers = [(400, {})]
    assert kube.log_tail("n", "p", "c", previous=False) == []


def test_a_fault_of_ours_is_no_missing_log(kube, monkeypatch):
    """Only what the server refuses, or does not answer, is no log."""

    def broken(*_args, **_options):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(kubernetes.client.ApiClient, "call_api", broken)
    with pytest.raises(ValueError, match="ours"):
        kube.log_tail("n", "p", "c", previous=False)


@pytest.mark.parametrize("no_proxy", [None, "127.0.0.1"])
def test_a_node_is_reached_without_proxies_by_data(server, kubeconfig, monkeypatch, no_proxy):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    kube = Kube(kubeconfig=kubeconfig("t"), context="x", no_proxy=no_proxy)
    if no_proxy:
        kube.request("GET", "/x")
    else:
        with pytest.raises(ClusterUnreachableError):
            kube.request("GET", "/x")
