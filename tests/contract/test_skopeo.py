"""skopeo against a real registry: what comes, and how each failure is told."""

import hashlib
import subprocess
import time

import pytest

from learnflow_infra.clients import helm_program, skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
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


def test_so_does_a_chart(registry, tmp_path):
    subprocess.run(
        [helm_program.executable(), "create", tmp_path / "web"], check=True, capture_output=True
    )
    pushed = registry.push_chart(package(tmp_path / "web", tmp_path), "charts")
    skopeo.pull(f"{registry.host}/charts/web@{pushed}", tmp_path / "dir")
    skopeo.push(tmp_path / "dir", f"{registry.host}/again/web:0.1.0")
    assert skopeo.digest(f"{registry.host}/again/web:0.1.0") == pushed


def test_what_is_missing(registry, tmp_path):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    assert fault(f"{registry.host}/some/image:2") is Fault.missing
    assert fault(f"{registry.host}/other:1") is Fault.missing
    assert fault(f"{registry.host}/some/image@{ABSENT}") is Fault.missing


def test_credentials_are_needed_and_taken_from_docker(closed_registry, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert fault(f"{closed_registry.host}/some/image:1") is Fault.forbidden
    known = closed_registry.login(tmp_path / "docker")
    closed_registry.push_image(layout(tmp_path / "image"), "some/image:1", config=known)
    monkeypatch.setenv("DOCKER_CONFIG", str(known))
    assert skopeo.digest(f"{closed_registry.host}/some/image:1").startswith("sha256:")


def test_a_registry_that_is_down_is_told_at_once(registry):
    with registry.stopped():
        begun = time.monotonic()
        assert fault(f"{registry.host}/some/image:1") is Fault.unreachable
        assert time.monotonic() - begun < 3


def test_a_registry_that_sends_nothing_more_is_given_up(registry, tmp_path, monkeypatch):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    monkeypatch.setattr(skopeo, "STALL_SECONDS", 2.0)
    begun = time.monotonic()
    with registry.frozen(), pytest.raises(RegistryError) as caught:
        skopeo.pull(f"{registry.host}/some/image:1", tmp_path / "dir")
    assert caught.value.fault is Fault.unreachable
    assert time.monotonic() - begun < 5


def test_it_works_where_the_package_brings_no_policy(registry, tmp_path, monkeypatch):
    registry.push_image(layout(tmp_path / "image"), "some/image:1")
    monkeypatch.setattr(skopeo, "_POLICIES", (tmp_path / "none",))
    skopeo.pull(f"{registry.host}/some/image:1", tmp_path / "dir")


def test_a_registry_that_never_answers_ends_in_time(registry, monkeypatch):
    monkeypatch.setattr(skopeo, "ASK_SECONDS", 2.0)
    with registry.frozen():
        begun = time.monotonic()
        assert fault(f"{registry.host}/some/image:1") is Fault.unreachable
        assert time.monotonic() - begun < 5
