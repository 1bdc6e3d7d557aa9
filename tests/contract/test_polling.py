"""Waits where watches are of no use: the same verdicts as with watches."""

import threading
import time

import pytest

from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import NotReadyError
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.view import View
from learnflow_infra.readiness.watches import Watches
from tests.contract.demo import release_of
from tests.contract.proxy import Proxy

pytestmark = pytest.mark.contract
EXPECTED = Expected(names=("Service/late",), kinds=(("v1", "Service"),))
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "late"},
    "spec": {"ports": [{"port": 1}]},
}


@pytest.fixture(params=["cut", "kept", "403", "504"])
def proxy(request, server):
    made = Proxy(server.port, request.param)
    yield made
    made.close()


@pytest.fixture
def through(proxy, kubeconfig, tmp_path):
    return Kube(kubeconfig=proxy.kubeconfig(kubeconfig, tmp_path / "proxied"), context="admin")


def waited(kube, namespace, tmp_path, seconds):
    with Watches(kube) as watches:
        view = View(kube, watches, namespace, release_of(tmp_path / "chart"))
        view.follow(EXPECTED)
        return tracker.wait_until_ready(
            view, timeout=seconds, stop=threading.Event(), observe=lambda _: None
        )


def test_an_object_that_comes_late_is_seen(kube, through, proxy, namespace, tmp_path):
    path = f"/api/v1/namespaces/{namespace}/services"
    threading.Timer(1, lambda: kube.create(path, SERVICE)).start()
    begun = time.monotonic()
    ready = waited(through, namespace, tmp_path, 30)
    assert [obj["metadata"]["name"] for obj in ready.objects] == ["late"]
    assert time.monotonic() - begun < 15
    assert proxy.watches < 60  # collections, most of them tried twice


def test_an_object_that_does_not_come_ends_in_the_same_cause(through, namespace, tmp_path):
    with pytest.raises(NotReadyError, match="demo is not ready after 1 s") as error:
        waited(through, namespace, tmp_path, 1)
    causes = [(cause["code"], cause["object"]) for cause in error.value.causes]
    assert causes == [("ObjectMissing", "Service/late")]
