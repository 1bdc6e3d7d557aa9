"""Images for a cluster whose nodes pull them: this host checks the registry."""

import pytest

from learnflow_infra.clients import skopeo
from learnflow_infra.engine.images import required
from learnflow_infra.errors import ArtifactError
from learnflow_infra.events import Message, StepFinished, ignore
from tests.contract.oci import layout

pytestmark = pytest.mark.contract


@pytest.fixture
def image(registry, tmp_path):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    return f"{registry.host}/some/image:1"


def messages(events):
    return [event.text for event in events if isinstance(event, Message)]


def test_images_that_exist(session, image):
    events = []
    required.ensure(session, [image], (), events.append)
    assert [e.note for e in events if isinstance(e, StepFinished)] == ["1 image"]


def test_all_missing_images_are_named(session, image, registry):
    missing = [f"{registry.host}/some/image:2", f"{registry.host}/none:1"]
    with pytest.raises(ArtifactError) as caught:
        required.ensure(session, [image, *missing], (), ignore)
    assert caught.value.exit_code == 5
    lines = caught.value.why.splitlines()
    assert [line.split(": ")[0] for line in lines] == sorted(missing)


def test_a_password_that_this_host_lacks(session, closed_registry, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(ArtifactError) as caught:
        required.ensure(session, [f"{closed_registry.host}/some/image:1"], (), ignore)
    assert f"skopeo login {closed_registry.host}" in str(caught.value.remedy)


def test_a_registry_that_only_the_nodes_may_reach_is_a_warning(session, image, registry):
    events = []
    with registry.stopped():
        required.ensure(session, [image], (), events.append)
    assert "registry unreachable" in messages(events)[0]


def test_images_that_run_or_are_on_a_node_need_no_request(session, kube, image, registry):
    before = registry.requests()
    status = {"images": [{"names": ["<none>@<none>", image]}]}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    kube.request("POST", "/api/v1/nodes", body=node)
    try:
        kube.request(
            "PATCH",
            "/api/v1/nodes/n/status",
            body={"status": status},
            content_type="application/merge-patch+json",
        )
        other = f"{registry.host}/other:1"
        required.ensure(session, [image, other], {other}, ignore)
    finally:
        kube.delete("/api/v1/nodes/n")
    assert registry.requests() == before


def test_the_images_of_existing_pods(session, kube, namespace):
    spec = {"containers": [{"name": "c", "image": "some/image:1"}]}
    body = {"metadata": {"name": "p"}, "spec": spec}
    kube.request("POST", f"/api/v1/namespaces/{namespace}/pods", body=body)
    assert required.running_images(session) == {"some/image:1"}


def test_without_skopeo_a_message_lists_the_unchecked_images(session, monkeypatch):
    monkeypatch.setattr(skopeo, "installed", lambda: False)
    events = []
    required.ensure(session, ["nowhere.invalid/x:1"], (), events.append)
    assert "package: skopeo" in messages(events)[0]
