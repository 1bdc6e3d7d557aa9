"""Registries in the node's own network: its containerd takes plain HTTP from loopback alone."""

import contextlib
import subprocess
import sys

from tests.contract.oci import Registry, free_port

LIMITED = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    default_request_version = "HTTP/1.0"  # of the answer to TLS, which containerd tries first

    def do_HEAD(self):
        self.send_response(429)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_GET = do_HEAD

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""Stands for Docker Hub's limit of pulls, which no registry that one can install has."""


@contextlib.contextmanager
def serving(node, folder):
    """Hosts of registries by the code of what they answer to a pull of the node."""
    inside = ("nsenter", "--target", str(node.init), "--net", "--")
    for name in ("open", "closed"):
        (folder / name).mkdir()
    port = str(free_port())
    limited = subprocess.Popen(
        [*inside, sys.executable, "-c", LIMITED, port], stderr=subprocess.DEVNULL
    )
    registries = []
    try:
        registries.append(Registry(folder / "open", inside=inside))
        registries.append(Registry(folder / "closed", inside=inside, credentials=True))
        yield {
            "ImageNotFound": registries[0].host,
            "ImageNotAuthorized": registries[1].host,
            "ImageRateLimited": f"127.0.0.1:{port}",
            "ImageRegistryUnreachable": f"127.0.0.1:{free_port()}",
        }
    finally:
        limited.terminate()
        limited.wait(20)
        for registry in registries:
            registry.stop()
