"""Bundles: from a registry to a file, and from it to a cache, a cluster or another registry."""

import hashlib
import json
import os
import tarfile

import pytest

from learnflow_infra import references
from learnflow_infra.clients import skopeo
from learnflow_infra.clusters.target import UPSTREAM
from learnflow_infra.engine.images import cache
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.engine.verbs import bundle_create, bundle_load
from learnflow_infra.errors import ArtifactError, RefusedError
from learnflow_infra.events import Message, StepFinished, ignore
from learnflow_infra.locations import Target
from learnflow_infra.models import ChartSource, Release
from learnflow_infra.sources import charts, lockfile, mirror
from learnflow_infra.sources.lockfile import Lock, LockedChart
from learnflow_infra.values import Flags, read_overrides
from tests.contract.oci import Registry, layout, package

pytestmark = pytest.mark.contract
FAR = "far.example"
"""A registry that cannot be reached; only its mirror can."""
IMAGE, CHART = f"{FAR}/some/image:1", f"oci://{FAR}/charts/web"
TEMPLATE = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: c, image: "{{ .Values.image.registry }}/{{ .Values.image.repository }}:1"}]
"""


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(lockfile, "path", lambda: tmp_path / "charts.lock")


@pytest.fixture
def pushed(registry, tmp_path):
    """The digests of an image and of a chart that uses it, both in the mirror."""
    chart = tmp_path / "web"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: web, version: 1.0.0}")
    (chart / "values.yaml").write_text(f"image: {{registry: {FAR}, repository: some/image}}")
    (chart / "templates/pod.yaml").write_text(TEMPLATE)
    return {
        IMAGE: registry.push_image(layout(tmp_path / "image"), "some/image:1"),
        f"{FAR}/charts/web:1.0.0": registry.push_chart(package(chart, tmp_path), "charts"),
    }


@pytest.fixture
def plan(registry, pushed, monkeypatch):
    source = ChartSource(chart=CHART, version="1.0.0")
    release = Release(name="web", skill="s", profiles={UPSTREAM: source})
    made = Plan(
        namespace="learnflow",
        skills=(),
        releases=(release,),
        overrides=read_overrides(Flags(), ["web"]),
        mirrors=(mirror.parse(f"{FAR}={registry.host}"),),
        target=Target(kind="context", context="x", kubeconfig=None, profile=UPSTREAM),
    )
    monkeypatch.setattr(planning, "without_cluster", lambda *_: made)
    digest = pushed[f"{FAR}/charts/web:1.0.0"]
    chart = LockedChart(chart=CHART, version="1.0.0", digest=digest)
    lockfile.write(Lock(profiles={UPSTREAM: {"web": chart}}))
    return made


@pytest.fixture
def file(plan, tmp_path):
    bundle_create.create(Options(), tmp_path / "x.tar", ignore)
    return tmp_path / "x.tar"


@pytest.fixture
def elsewhere(file, tmp_path, monkeypatch):
    """A machine with an empty cache, and the bundle."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere"


def test_a_bundle_lists_charts_and_images_by_name_and_digest(plan, pushed, tmp_path):
    made = bundle_create.create(Options(), tmp_path / "x.tar", ignore)
    assert {item.reference: item.digest for item in made} == pushed
    assert [item.chart for item in made] == ["", CHART]


def test_a_second_bundle_sends_no_request_to_a_registry(file, registry, tmp_path):
    before = registry.requests()
    bundle_create.create(Options(), tmp_path / "y.tar", ignore)
    assert registry.requests() == before
    assert (tmp_path / "y.tar").read_bytes() == file.read_bytes()


def test_an_unlocked_chart_is_refused(plan, tmp_path):
    lockfile.write(Lock())
    with pytest.raises(RefusedError, match="web"):
        bundle_create.create(Options(), tmp_path / "x.tar", ignore)


def test_after_a_load_no_registry_is_needed(elsewhere, file, registry, plan, pushed):
    with registry.stopped():
        events = []
        loaded = bundle_load.load(file, events.append)
        assert {item.reference: item.digest for item in loaded} == pushed
        assert any("next deploy" in e.text for e in events if isinstance(e, Message))
        [prepared] = prepare(plan, ignore)
        assert prepared.chart.name == "web"
        cache.obtain(cache.cache_layout(), [references.parse(IMAGE)], ignore)


def test_a_bundle_is_loaded_into_another_registry(elsewhere, file, pushed, tmp_path):
    (tmp_path / "other").mkdir()
    other, events = Registry(tmp_path / "other"), []
    try:
        bundle_load.load(file, events.append, registry=f"{other.host}/pre/fix")
        for name, digest in pushed.items():
            assert skopeo.digest(name.replace(FAR, f"{other.host}/pre/fix")) == digest
        again = []
        bundle_load.load(file, again.append, registry=f"{other.host}/pre/fix")
        pushes = [e for e in again if isinstance(e, StepFinished) and e.step.startswith("push/")]
        assert [(e.note, e.changed) for e in pushes] == [("there", False)] * 2
    finally:
        other.stop()
    assert events[-1].text == f"Deploy with: --image-mirror {FAR}={other.host}/pre/fix"


def test_a_damaged_bundle_does_not_change_the_cache(elsewhere, file, pushed):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match="damaged"):
        bundle_load.load(file, ignore)
    assert cache.cache_layout().entries() == {}
    assert not charts.cached(pushed[f"{FAR}/charts/web:1.0.0"])


def aim(monkeypatch, kind, context):
    """Make this the cluster that is chosen."""
    target = Target(kind=kind, context=context, kubeconfig=None, profile=UPSTREAM)
    monkeypatch.setattr(bundle_load.targets, "choose", lambda *_: target)


def stand_in(folder, monkeypatch, script, name="minikube"):
    """A program of this name: the real one cannot run here."""
    program = folder / "programs" / name
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_cluster_that_only_pulls_is_refused_with_a_remedy(elsewhere, file, monkeypatch):
    aim(monkeypatch, "context", "team")
    with pytest.raises(RefusedError) as caught:
        bundle_load.load(file, ignore, context="team")
    assert "--registry" in str(caught.value.remedy)


def test_minikube_loads_archives_in_dockers_format(elsewhere, file, tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments; cp "$3" {tmp_path}/got.tar')
    aim(monkeypatch, "minikube", "dev")
    bundle_load.load(file, ignore)
    arguments = (tmp_path / "arguments").read_text().split()
    assert (arguments[:2], arguments[3:]) == (["image", "load"], ["--profile", "dev"])
    with tarfile.open(tmp_path / "got.tar") as tar:
        assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"] == [IMAGE]


def test_the_nodes_of_kind_take_a_bundles_images(elsewhere, file, tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments', "kind")
    aim(monkeypatch, "context", "kind-dev")
    bundle_load.load(file, ignore)
    arguments = (tmp_path / "arguments").read_text().split()
    assert (arguments[:2], arguments[3:]) == (["load", "image-archive"], ["--name", "dev"])


def test_an_error_of_minikube_has_its_reason(elsewhere, file, tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, "echo 'X Exiting: no such profile' >&2; exit 1")
    aim(monkeypatch, "minikube", "dev")
    with pytest.raises(ArtifactError) as caught:
        bundle_load.load(file, ignore)
    assert "no such profile" in caught.value.why


def two_platforms(registry, folder):
    """An image for two platforms in the registry; the digest of its index."""
    manifests = []
    for architecture in ("amd64", "arm64"):
        source = layout(folder / architecture, text=architecture, platform=("linux", architecture))
        digest = registry.push_image(source, "multi/image:" + architecture)
        manifests.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest,
                "size": registry.size("multi/image", digest),
                "platform": {"os": "linux", "architecture": architecture},
            }
        )
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}).encode()
    registry.put_manifest("multi/image", "1", kind, index)
    return f"sha256:{hashlib.sha256(index).hexdigest()}"


def test_a_digest_of_several_platforms_is_kept(registry, tmp_path):
    digest = two_platforms(registry, tmp_path)
    reference = references.parse(f"{registry.host}/multi/image@{digest}")
    held = cache.cache_layout()
    cache.obtain(held, [reference], ignore)
    assert held.entries()[reference.exact]["digest"] != digest  # this platform's alone
    cache.obtain(held, [reference], ignore, portable=True)
    whole = held.entries()[reference.exact]
    assert whole["digest"] == digest
    assert len(list(held.of(whole))) == 7
    held.spread(whole, tmp_path / "dir")
    skopeo.push(tmp_path / "dir", f"{registry.host}/again@{digest}")
    assert skopeo.digest(f"{registry.host}/again@{digest}") == digest
