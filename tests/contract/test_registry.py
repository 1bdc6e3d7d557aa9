"""The loopback registry itself: what other tests rely on."""

import subprocess
import urllib.error
import urllib.request

import pytest

from learnflow_infra.clients import helm_program
from tests.contract.oci import layout, package

pytestmark = pytest.mark.contract


def asked_digest(registry):
    """The registry's answer for some/image:1."""
    kind = "application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(
        f"http://{registry.host}/v2/some/image/manifests/1", headers={"Accept": kind}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.headers["Docker-Content-Digest"]


def test_the_registry_accepts_images_and_records_requests(registry, tmp_path):
    assert registry.requests() == []
    digest = registry.push_image(layout(tmp_path / "image"), "some/image:1")
    assert asked_digest(registry) == digest
    assert registry.requests()[-1] == "GET /v2/some/image/manifests/1"


def test_it_stores_charts(registry, tmp_path):
    subprocess.run(
        [helm_program.executable(), "create", tmp_path / "web"], check=True, capture_output=True
    )
    digest = registry.push_chart(package(tmp_path / "web", tmp_path), "charts")
    assert digest.startswith("sha256:")
    assert any("/v2/charts/web/" in line for line in registry.requests())


def test_the_registry_keeps_its_content_after_a_stop(registry, tmp_path):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    with registry.stopped(), pytest.raises(urllib.error.URLError, match="refused"):
        asked_digest(registry)
    assert asked_digest(registry)


def test_it_requires_a_password(closed_registry, tmp_path):
    image = layout(tmp_path / "image")
    with pytest.raises(AssertionError, match="authentication required"):
        closed_registry.push_image(image, "some/image:1")
    credentials = closed_registry.login(tmp_path / "docker")
    assert closed_registry.push_image(image, "some/image:1", config=credentials)
