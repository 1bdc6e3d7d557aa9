"""Images from a registry on this host's loopback, in a node without a network."""

import json
import re

import pytest

from learnflow_infra import references
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import embedded, target
from learnflow_infra.engine.images import cache, required
from learnflow_infra.engine.request.session import Session
from learnflow_infra.engine.verbs import bundle_load
from learnflow_infra.errors import ArtifactError
from learnflow_infra.events import ignore
from learnflow_infra.readiness.watches import Watches
from learnflow_infra.sources import bundle_file as archive
from tests.busybox import packed
from tests.cluster.conftest import eventually
from tests.contract.oci import registry, registry_programs

__all__ = ["registry", "registry_programs"]


@pytest.fixture
def busybox(registry):
    """A program's image in the registry; its name and digest."""
    digest = registry.push_image(f"oci-archive:{packed()}", "tools/busybox:1")
    return f"{registry.host}/tools/busybox", digest


@pytest.fixture
def session(cluster):
    where = target.from_cluster(cluster)
    kube = Kube(kubeconfig=where.kubeconfig, context=where.context)
    return Session(
        target=where,
        namespace="default",
        kube=kube,
        access=Access(kube),
        helm=None,
        emit=ignore,
        watches=Watches(kube),
    )


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """Pulled images are cached in a folder of the test; built images stay in the shared cache."""
    monkeypatch.setattr(cache, "cache_layout", lambda: cache.Layout(root=tmp_path / "oci"))


def runs(kubectl, name, image):
    """Run a pod of the image to its end."""
    container = {"name": "c", "image": image, "command": ["sh", "-c", "echo it runs"]}
    container["imagePullPolicy"] = "IfNotPresent"
    spec = {"restartPolicy": "Never", "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    eventually(lambda: kubectl.get("pod", name)["status"]["phase"] == "Succeeded")
    kubectl("delete", "pod", name, "--now")


@pytest.mark.parametrize("form", ["tag", "digest", "both"])
def test_a_pod_runs_with_an_image_of_a_registry_on_loopback(
    session, kubectl, registry, busybox, form
):
    name, digest = busybox
    image = name + {"tag": ":1", "digest": f"@{digest}", "both": f":1@{digest}"}[form]
    required.ensure(session, [image], (), ignore)
    with registry.stopped():
        runs(kubectl, f"by-{form}", image)


def test_a_pod_runs_with_an_image_of_a_bundle(session, kubectl, registry, busybox, tmp_path):
    """The bundle comes from a machine with another cache, and the registry no longer runs."""
    name, digest = busybox
    reference = references.parse(f"{name}:1@{digest}")
    other = cache.Layout(root=tmp_path / "other")
    cache.obtain(other, [reference], ignore, portable=True)
    archive.pack(other, [other.entries()[reference.exact]], tmp_path / "x.tar")
    with registry.stopped():
        loaded = bundle_load.load(tmp_path / "x.tar", ignore, context=session.target.context)
        assert [item.digest for item in loaded] == [digest]
        runs(kubectl, "by-bundle", str(reference))


def test_images_on_the_node_are_not_requested_from_the_registry(
    session, kubectl, registry, busybox
):
    image = f"{busybox[0]}:1"
    required.ensure(session, [image], (), ignore)
    eventually(lambda: image in embedded.known_images(session.target.cluster))
    before, emitted = registry.requests(), []
    required.ensure(session, [image], (), emitted.append)
    assert registry.requests() == before
    assert emitted[-1].changed is False


def test_every_missing_image_is_reported_and_none_is_loaded(session, registry, busybox):
    missing = [f"{registry.host}/{name}" for name in ("tools/busybox:2", "none:1")]
    with pytest.raises(ArtifactError) as caught:
        required.ensure(session, missing, (), ignore)
    assert len(caught.value.why.splitlines()) == 2
    for name in missing:
        assert re.search(rf"^{re.escape(name)}: not found", caught.value.why, re.MULTILINE)
