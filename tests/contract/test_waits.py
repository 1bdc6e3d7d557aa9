"""Waits for releases against a real API server."""

import threading

import pytest

from learnflow_infra.errors import NotReadyError
from learnflow_infra.readiness import failures, tracker
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.owned import INSTANCE
from learnflow_infra.readiness.view import View
from tests.contract.demo import release_of

pytestmark = pytest.mark.contract


@pytest.fixture
def release(tmp_path):
    return release_of(tmp_path)


def test_a_timeout_lists_the_objects_that_are_not_ready(session, release):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "labels": {INSTANCE: "demo"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    path = f"/api/v1/namespaces/{session.namespace}/persistentvolumeclaims"
    session.kube.request("POST", path, body=claim)
    with pytest.raises(NotReadyError, match="demo is not ready after 1 s") as error:
        tracker.wait_until_ready(
            view_of(session, release), timeout=1, stop=threading.Event(), observe=lambda _: None
        )
    causes = {(cause["code"], cause["object"]) for cause in error.value.causes}
    assert causes == {
        ("ObjectMissing", "StatefulSet/demo"),
        ("ClaimNoStorageClass", "PersistentVolumeClaim/data"),
    }


def view_of(session, release):
    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(Expected(names=("StatefulSet/demo",)))
    return view


def test_a_wait_outlasts_an_api_server_that_is_killed(session, release, server):
    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(Expected(names=("Service/late",), kinds=(("v1", "Service"),)))

    def restart():
        server.stop(kill=True)
        while not view.store.in_state("lost"):
            view.store.wait(view.store.version, 1)
        server.start()
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "late"},
            "spec": {"ports": [{"port": 1}]},
        }
        session.kube.request("POST", f"/api/v1/namespaces/{session.namespace}/services", body=body)

    thread = threading.Thread(target=restart)
    thread.start()
    stop = threading.Event()
    ready = tracker.wait_until_ready(view, timeout=60, stop=stop, observe=lambda _: None)
    thread.join()
    assert [obj["metadata"]["name"] for obj in ready.objects] == ["late"]


def test_a_wait_can_be_cancelled(session, release):
    stop = threading.Event()
    stop.set()
    with pytest.raises(failures.StoppedError):
        tracker.wait_until_ready(
            view_of(session, release), timeout=60, stop=stop, observe=lambda _: None
        )
