"""skopeo against a real registry: pulled images, and the fault of each failure."""

import hashlib
import json
import subprocess
import tarfile

import pytest

from learnflow_infra.clients import helm_program, skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.clusters.embedded.images import archive
from tests.contract.oci import layout, package

pytestmark = pytest.mark.contract
ABSENT = "sha256:" + "a" * 64


def fault(reference):
    with pytest.raises(RegistryError) as caught:
        skopeo.digest(reference)
    assert reference in caught.value.what
    return caught.value.fault


def test_an_image_keeps_its_digest_from_registry_to_registry(
    registry, closed_registry, tmp_path, monkeypatch
):
    pushed = registry.push_image(layout(tmp_path / "image"), "some/image:1")
    assert skopeo.digest(f"{registry.host}/some/image:1") == pushed
    skopeo.pull(f"{registry.host}/some/image:1", tmp_path / "dir")
    manifest = (tmp_path / "dir/manifest.json").read_bytes()
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == pushed
    monkeypatch.setenv("DOCKER_CONFIG", str(closed_registry.login(tmp_path / "docker")))
    skopeo.push(tmp_path / "dir", f"{closed_registry.host}/other:2")
    assert skopeo.digest(f"{closed_registry.host}/other@{pushed}") == pushed


def test_an_image_of_this_host_is_pushed_and_written_for_docker(registry, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_text("content")
    content = archive.layer(tmp_path / "tree", tmp_path / "layer.tar")
    archive.write(tmp_path / "image.tar", name="learnflow.local/a:1", settings={}, content=content)
    skopeo.push_layout(tmp_path / "image.tar", f"{registry.host}/team/a:1")
    assert skopeo.digest(f"{registry.host}/team/a:1").startswith("sha256:")
    skopeo.repack(tmp_path / "image.tar", tmp_path / "docker.tar", "learnflow.local/a:1")
    with tarfile.open(tmp_path / "docker.tar") as packed:
        (manifest,) = json.load(packed.extractfile("manifest.json"))
    assert manifest["RepoTags"] == ["learnflow.local/a:1"]


def test_a_chart_keeps_its_digest_from_registry_to_registry(registry, tmp_path):
    subprocess.run(
        [helm_program.executable(), "create", tmp_path / "web"], check=True, capture_output=True
    )
    pushed = registry.push_chart(package(tmp_path / "web", tmp_path), "charts")
    skopeo.pull(f"{registry.host}/charts/web@{pushed}", tmp_path / "dir")
    skopeo.push(tmp_path / "dir", f"{registry.host}/again/web:0.1.0")
    assert skopeo.digest(f"{registry.host}/again/web:0.1.0") == pushed


def test_a_missing_image_is_a_fault(registry, tmp_path):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    assert fault(f"{registry.host}/some/image:2") is Fault.missing
    assert fault(f"{registry.host}/other:1") is Fault.missing
    assert fault(f"{registry.host}/some/image@{ABSENT}") is Fault.missing


def test_credentials_are_required_and_read_from_dockers_folder(
    closed_registry, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert fault(f"{closed_registry.host}/some/image:1") is Fault.forbidden
    credentials = closed_registry.login(tmp_path / "docker")
    closed_registry.push_image(layout(tmp_path / "image"), "some/image:1", config=credentials)
    monkeypatch.setenv("DOCKER_CONFIG", str(credentials))
    assert skopeo.digest(f"{closed_registry.host}/some/image:1").startswith("sha256:")


def test_a_registry_that_is_down_is_reported_without_a_timeout(registry, monkeypatch):
    monkeypatch.setattr(skopeo, "ASK_SECONDS", 600.0)
    with registry.stopped(), pytest.raises(RegistryError) as caught:
        skopeo.digest(f"{registry.host}/some/image:1")
    assert caught.value.fault is Fault.unreachable
    assert "connection refused" in caught.value.why


def test_a_pull_that_stalls_ends_in_an_error(registry, tmp_path, monkeypatch):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    monkeypatch.setattr(skopeo, "STALL_SECONDS", 2.0)
    with registry.frozen(), pytest.raises(RegistryError) as caught:
        skopeo.pull(f"{registry.host}/some/image:1", tmp_path / "dir")
    assert caught.value.fault is Fault.unreachable
    assert "2 s" in caught.value.why


def test_a_pull_works_without_a_policy_file(registry, tmp_path, monkeypatch):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    monkeypatch.setattr(skopeo, "_POLICIES", (tmp_path / "none",))
    skopeo.pull(f"{registry.host}/some/image:1", tmp_path / "dir")


def test_a_registry_that_never_answers_is_an_error_after_the_limit(registry, monkeypatch):
    monkeypatch.setattr(skopeo, "ASK_SECONDS", 2.0)
    with registry.frozen(), pytest.raises(RegistryError) as caught:
        skopeo.digest(f"{registry.host}/some/image:1")
    assert caught.value.fault is Fault.unreachable
    assert "2 s" in caught.value.why
