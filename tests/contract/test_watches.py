"""Watches against a real API server, through a wire that a test may cut."""

import re
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
import yaml

from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.readiness.watches import Watches

pytestmark = pytest.mark.contract
LIMIT = 60
"""Seconds in which the next change must arrive, on a busy machine."""


class Wire:
    """A TCP relay on loopback to the API server; `cut` ends every connection through it.

    While `broken` is set, new connections are refused.
    """

    def __init__(self, port):
        self._to = port
        self.broken = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if self.broken:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._pairs += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(a, b), daemon=True).start()

    @staticmethod
    def _relay(source, target):
        with source:
            with suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

    def cut(self):
        for end in self._pairs:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()


@pytest.fixture
def wire(server):
    made = Wire(server.port)
    yield made
    made.close()


@pytest.fixture
def through(kubeconfig, wire, tmp_path):
    """A client whose requests go through the wire."""
    return Kube(kubeconfig=config_through(kubeconfig, tmp_path, wire.port), context="admin")


def config_through(kubeconfig, tmp_path, port, token=None):
    document = yaml.safe_load(kubeconfig.read_text())
    document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    if token:
        document["users"][0]["user"]["token"] = token
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(document))
    return file


def path_of(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps"


def put(kube, namespace, name, **data):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    kube.apply(f"{path_of(namespace)}/{name}", body)


def names(watches, namespace):
    return {item["metadata"]["name"] for item in watches.store.objects([path_of(namespace)])}


def until(watches, condition):
    """Wait until a change of the store makes a condition true."""
    while True:
        version = watches.store.version
        if condition():
            return
        watches.store.wait(version, LIMIT)
        assert watches.store.version != version, "no change came"


@contextmanager
def watching(kube, *paths):
    with Watches(kube) as watches:
        watches.ensure(paths)
        yield watches


def test_a_watch_reports_existing_new_changed_and_deleted_objects(kube, namespace):
    put(kube, namespace, "old")
    with watching(kube, path_of(namespace)) as watches:
        assert "old" in names(watches, namespace)
        put(kube, namespace, "new", x="1")
        until(watches, lambda: "new" in names(watches, namespace))
        put(kube, namespace, "new", x="2")

        def data():
            return {
                item["metadata"]["name"]: item.get("data")
                for item in watches.store.objects([path_of(namespace)])
            }

        until(watches, lambda: data()["new"] == {"x": "2"})
        kube.delete(f"{path_of(namespace)}/old")
        until(watches, lambda: "old" not in names(watches, namespace))


def test_a_second_ensure_is_not_older_than_its_call(kube, namespace):
    with watching(kube, path_of(namespace)) as watches:
        for number in range(20):
            put(kube, namespace, f"n{number}")
            watches.ensure([path_of(namespace)])
            assert f"n{number}" in names(watches, namespace)


def test_a_watch_resumes_after_a_lost_connection(kube, through, namespace, wire):
    with watching(through, path_of(namespace)) as watches:
        for number in range(3):
            wire.cut()
            put(kube, namespace, f"n{number}")
            until(watches, lambda number=number: f"n{number}" in names(watches, namespace))
        assert not watches.store.in_state("lost")


def test_a_watch_survives_a_restart_of_the_server(kube, server, namespace):
    with watching(kube, path_of(namespace)) as watches:
        server.stop(kill=True)
        until(watches, lambda: watches.store.in_state("lost"))
        server.start()
        put(kube, namespace, "after")
        until(watches, lambda: "after" in names(watches, namespace))
        until(watches, lambda: not watches.store.in_state("lost"))


def test_an_expired_version_causes_a_new_list(kube, server, through, namespace, wire):
    put(kube, namespace, "a")
    with watching(through, path_of(namespace)) as watches:
        assert "a" in names(watches, namespace)
        wire.broken = True
        wire.cut()
        until(watches, lambda: watches.store.in_state("lost"))
        put(kube, namespace, "b")
        kube.delete(f"{path_of(namespace)}/a")
        server.stop(kill=True)
        server.start()  # its cache begins after the version at which the watch was lost
        wire.broken = False
        until(watches, lambda: "b" in names(watches, namespace))
        until(watches, lambda: "a" not in names(watches, namespace))


def test_an_expired_token_is_read_again(kube, kubeconfig, server, namespace, tmp_path):
    file = config_through(kubeconfig, tmp_path, server.port, token="expired")
    through = Kube(kubeconfig=file, context="admin")
    config_through(kubeconfig, tmp_path, server.port)
    with watching(through, path_of(namespace)) as watches:
        put(kube, namespace, "x")
        until(watches, lambda: "x" in names(watches, namespace))


def test_a_forbidden_collection_is_denied(kubeconfig, namespace):
    nobody = Kube(kubeconfig=kubeconfig, context="nobody")
    with watching(nobody, path_of(namespace), "/apis/none.example/v1/nones") as watches:
        assert path_of(namespace) in watches.store.in_state("denied")


def test_a_kind_that_is_not_served_is_absent(kube, namespace):
    with watching(kube, path_of(namespace), "/apis/none.example/v1/nones") as watches:
        assert "/apis/none.example/v1/nones" in watches.store.in_state("absent")


def test_an_unreachable_server_is_reported(kubeconfig, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        file = config_through(kubeconfig, tmp_path, unused.getsockname()[1])
    nowhere = Kube(kubeconfig=file, context="admin")
    with Watches(nowhere) as watches, pytest.raises(ClusterUnreachableError):
        watches.ensure([path_of("x")], seconds=2)


def test_requests_do_not_grow_with_changes(kube, server, namespace):
    """Requests for pod templates, which only this test lists."""
    path = f"/api/v1/namespaces/{namespace}/podtemplates"
    before = lists(server)

    def labels(watches):
        return [item["metadata"].get("labels") for item in watches.store.objects([path])]

    with watching(kube, path) as watches:
        for number in range(30):
            metadata = {"name": "same", "labels": {"x": str(number)}}
            spec = {"containers": [{"name": "c", "image": "none"}]}
            body = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata}
            kube.apply(f"{path}/same", {**body, "template": {"spec": spec}})
        until(watches, lambda: labels(watches) == [{"x": "29"}])
    assert lists(server) == before + 1


def lists(server):
    """How many lists of pod templates the API server has served."""
    lines = server.get("/metrics").read().decode().splitlines()
    served = (line for line in lines if line.startswith("apiserver_request_total{"))
    mine = (n for n in served if 'resource="podtemplates"' in n and 'verb="LIST"' in n)
    return sum(int(re.split(r"\} ", line)[1]) for line in mine)


def test_closing_ends_every_thread(kube, namespace):
    with watching(kube, path_of(namespace)):
        threads = [t for t in threading.enumerate() if t.name == f"watch {path_of(namespace)}"]
        assert threads
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
