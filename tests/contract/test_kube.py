import socket

import pytest

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import ApiError, ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError

pytestmark = pytest.mark.contract


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_an_absent_object_is_none(kube, namespace):
    assert kube.find(f"/api/v1/namespaces/{namespace}/configmaps/none") is None


def test_apply_creates_and_updates_what_is_listed(kube, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    kube.apply(f"{path}/a", config_map("a", x="1"))
    kube.apply(f"{path}/a", config_map("a", x="2"))
    listed = {item["metadata"]["name"]: item for item in kube.items(path)}
    assert listed["a"]["data"] == {"x": "2"}
    assert listed["a"]["kind"] == "ConfigMap"


def test_a_refusal_has_the_message_of_the_server(kube, namespace):
    with pytest.raises(ApiError, match="422") as error:
        kube.request(
            "POST", f"/api/v1/namespaces/{namespace}/configmaps", body=config_map("Bad_Name")
        )
    assert "Bad_Name" in error.value.what


def test_an_apply_with_a_field_of_another_type_is_refused_at_once(kube, namespace):
    body = config_map("a") | {"immutable": "perhaps"}
    with retry.recorded_waits() as waits, pytest.raises(ApiError, match="immutable"):
        kube.apply(f"/api/v1/namespaces/{namespace}/configmaps/a", body, dry_run=True)
    assert waits == []


def test_a_user_without_rights_is_refused(kubeconfig, namespace):
    nobody = Kube(kubeconfig=kubeconfig, context="nobody")
    with pytest.raises(
        ForbiddenError, match=f"You may not list secrets in the namespace {namespace}"
    ):
        nobody.items(f"/api/v1/namespaces/{namespace}/secrets")


def test_the_error_of_an_unknown_context_names_the_file(kubeconfig):
    with pytest.raises(ClusterUnreachableError, match=str(kubeconfig)):
        Kube(kubeconfig=kubeconfig, context="none")


def test_a_server_that_never_answers_is_an_error_after_bounded_retries(kubeconfig, tmp_path):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    text = kubeconfig.read_text()
    dead = tmp_path / "config"
    start = text.index("https://127.0.0.1:")
    end = text.index("\n", start)
    dead.write_text(text[:start] + f"https://127.0.0.1:{port}" + text[end:])
    with pytest.raises(ClusterUnreachableError, match="does not answer"):
        Kube(kubeconfig=dead, context="admin").request("GET", "/version", patience=1)


def test_a_request_outlasts_a_restart_of_the_server(server, kube):
    """The server is started while the client waits before its second attempt."""
    server.stop()
    with retry.recorded_waits(server.start_if_stopped) as waits:
        assert kube.request("GET", "/version")["major"] == "1"
    assert waits
