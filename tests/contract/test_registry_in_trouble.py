"""A registry on loopback that answers wrongly; helm's words about it become a fault."""

import asyncio
import hashlib
import http.server
import json
import threading

import pytest

from learnflow_infra.clients import helm_pull
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault

pytestmark = pytest.mark.contract
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER, ABOUT = b"not even a chart", b'{"name": "demo", "version": "1.0.0"}'
HTML = b"<html>Log in to this network</html>"


def descriptor(kind, content):
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return {"mediaType": kind, "digest": digest, "size": len(content)}


def manifest(layer=LAYER, kind=CHART, **size):
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, ABOUT),
        "layers": [{**descriptor(kind, layer), **size}],
    }
    return json.dumps(document).encode()


class Answers(http.server.BaseHTTPRequestHandler):
    """By the server's `wrong`: part of a path to status, type, content and headers."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        blobs = {descriptor("", blob)["digest"]: (200, "", blob) for blob in (LAYER, ABOUT)}
        right = {"/manifests/": (200, MANIFEST, manifest()), **blobs}
        answers = [*self.server.wrong.items(), *right.items()]
        found = (answer for part, answer in answers if part in self.path)
        status, kind, content, *headers = next(found)
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "helm"))
    monkeypatch.setenv("HELM_CACHE_HOME", str(tmp_path / "helm-cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(helm_pull, "RETRY_SECONDS", 0.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def challenge(scheme):
    return ("WWW-Authenticate", scheme)


DENIED = json.dumps({"errors": [{"code": "DENIED", "message": "access is denied"}]}).encode()
LAYER_PATH = descriptor("", LAYER)["digest"]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"/v2/": (401, "", b"", challenge('Basic realm="r"'))}, Fault.forbidden),
        ({"/v2/": (401, "", b"", challenge("Negotiate"))}, Fault.forbidden),
        ({"/v2/": (403, "", DENIED)}, Fault.forbidden),
        ({"/v2/": (403, "text/html", HTML)}, Fault.forbidden),
        ({"/v2/": (404, "text/html", HTML)}, Fault.missing),
        ({"/v2/": (429, "text/plain", b"slower")}, Fault.limited),
        ({"/v2/": (503, "text/plain", b"")}, Fault.transient),
        ({"/v2/": (407, "text/plain", b"")}, Fault.unreachable),
        ({"/v2/": (302, "", b"", ("Location", "http://127.0.0.1:1/"))}, Fault.unreachable),
        ({"/v2/": (200, "text/html", HTML)}, Fault.damaged),
        ({"/manifests/": (200, MANIFEST, b'{"schemaVersion": 2,')}, Fault.damaged),
        ({"/manifests/": (200, MANIFEST, manifest(kind="text/plain"))}, Fault.damaged),
        ({"/manifests/": (200, MANIFEST, manifest(size=99))}, Fault.damaged),
        ({LAYER_PATH: (200, "", LAYER[::-1])}, Fault.damaged),
        ({LAYER_PATH: (404, "", b"")}, Fault.damaged),
        ({LAYER_PATH: (403, "", b"<Error/>")}, Fault.forbidden),
        ({LAYER_PATH: (200, "text/html", HTML)}, Fault.damaged),
    ],
)
def test_a_wrong_answer_is_a_fault_of_its_kind(registry, tmp_path, wrong, fault):
    registry.wrong = wrong
    reference = f"oci://127.0.0.1:{registry.server_port}/team/demo"
    with pytest.raises(RegistryError) as failed:
        asyncio.run(helm_pull.pull(reference, tmp_path, version="1.0.0"))
    assert failed.value.fault is fault, failed.value.why
