"""Uninstalls by helm; objects that finalizers hold are waited for, and named."""

import asyncio
import threading

import pytest
import yaml

from learnflow_infra.clients import retry
from learnflow_infra.clients.installation import Installation
from learnflow_infra.engine.release import removal
from learnflow_infra.engine.release.uninstall import uninstall
from learnflow_infra.errors import NotReadyError
from learnflow_infra.models import Release
from learnflow_infra.readiness.owned import INSTANCE

pytestmark = pytest.mark.contract
HOLD = "example.org/hold"


def claim(name, *, keep=False, **metadata):
    if keep:
        metadata["annotations"] = {"helm.sh/resource-policy": "keep"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": {INSTANCE: "demo"}, **metadata},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def install(session, folder, *objects):
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 0.1.0\n")
    (folder / "templates/all.yaml").write_text(yaml.safe_dump_all(objects))
    what = Installation(release="demo", chart=folder, values={})
    return asyncio.run(session.helm.upgrade(what, seconds=10))


def collection(session, kind="persistentvolumeclaims"):
    return f"/api/v1/namespaces/{session.namespace}/{kind}"


def release_finalizer(session, name, kind="persistentvolumeclaims"):
    body = {"metadata": {"finalizers": None}}
    path = f"{collection(session, kind)}/{name}"
    session.kube.request("PATCH", path, body=body, content_type="application/merge-patch+json")


def release_when_deleted(session, name):
    path = f"{collection(session)}/{name}"
    deleted = lambda: "deletionTimestamp" in session.kube.get(path)["metadata"]  # noqa: E731
    retry.poll(deleted, until=bool, seconds=60)
    release_finalizer(session, name)


def release(**more):
    return Release(name="demo", skill="demo", profiles={}, **more)


def test_delete_waits_for_an_object_with_a_finalizer(session, tmp_path):
    live = install(session, tmp_path, claim("held", finalizers=[HOLD]))
    thread = threading.Thread(target=release_when_deleted, args=(session, "held"))
    thread.start()
    asyncio.run(uninstall(session, release(), live))
    thread.join()
    assert session.kube.items(collection(session)) == []


def test_a_finalizer_that_stays_is_an_error(session, tmp_path):
    live = install(session, tmp_path, claim("held", finalizers=[HOLD]))
    with pytest.raises(NotReadyError, match="demo is not gone: FinalizerStuck") as error:
        asyncio.run(uninstall(session, release(grace={"FinalizerStuck": 0.5}), live))
    assert [cause["object"] for cause in error.value.causes] == ["PersistentVolumeClaim/held"]
    release_finalizer(session, "held")


def test_an_object_of_a_kind_that_is_not_watched_is_waited_for(session, tmp_path, monkeypatch):
    monkeypatch.setattr(removal, "_SECONDS", 0.1)
    meta = {"name": "held", "finalizers": [HOLD]}
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    live = install(session, tmp_path, held)
    with pytest.raises(NotReadyError, match="ConfigMap/held was not deleted") as error:
        asyncio.run(uninstall(session, release(), live))
    assert HOLD in error.value.why
    release_finalizer(session, "held", "configmaps")


def test_delete_does_not_wait_for_objects_that_the_chart_keeps(session, tmp_path):
    live = install(session, tmp_path, claim("kept", keep=True))
    asyncio.run(uninstall(session, release(), live))
    left = [item["metadata"]["name"] for item in session.kube.items(collection(session))]
    assert left == ["kept"]


def test_delete_does_not_wait_for_finished_pods(session, tmp_path):
    live = install(session, tmp_path)
    path = f"/api/v1/namespaces/{session.namespace}/pods"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "hook", "labels": {INSTANCE: "demo"}},
        "spec": {"containers": [{"name": "main", "image": "learnflow.local/none:1"}]},
    }
    session.kube.request("POST", path, body=pod)
    body, kind = {"status": {"phase": "Succeeded"}}, "application/merge-patch+json"
    session.kube.request("PATCH", f"{path}/hook/status", body=body, content_type=kind)
    asyncio.run(uninstall(session, release(), live))
    assert [item["metadata"]["name"] for item in session.kube.items(path)] == ["hook"]
