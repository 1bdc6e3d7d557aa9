"""A proxy to the API server, by HTTP on loopback, that treats watches badly in a chosen way."""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

DENIAL = (
    '{"kind": "Status", "code": 403, "message": "x is forbidden: User \\"u\\" cannot watch '
    'resource \\"x\\" in API group \\"\\" in the namespace \\"n\\""}'
)


class Proxy(ThreadingHTTPServer):
    """Passes requests on; `faults` are those of watches: `cut`, `kept`, `403`, `504`."""

    daemon_threads = True

    def __init__(self, port, fault):
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.fault, self.watches = port, fault, 0
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()

    def kubeconfig(self, kubeconfig, file):
        """The kubeconfig of the API server, with the proxy in its place."""
        document = yaml.safe_load(kubeconfig.read_text())
        server = {"server": f"http://127.0.0.1:{self.server_port}"}
        document["clusters"][0]["cluster"] = server
        file.write_text(yaml.safe_dump(document))
        return file


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "watch" in parse_qs(urlsplit(self.path).query):
            self.server.watches += 1
            self.watch()
        else:
            self.send(*self.passed_on(body))

    def passed_on(self, body):
        context = ssl._create_unverified_context()
        far = http.client.HTTPSConnection("127.0.0.1", self.server.to, context=context)
        headers = {k: v for k, v in self.headers.items() if k != "Accept-Encoding"}
        far.request(self.command, self.path, body, headers)
        answer = far.getresponse()
        text = answer.read()
        far.close()
        return answer.status, text

    def send(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def watch(self):
        if self.server.fault == "403":
            self.send(403, DENIAL.encode())
        elif self.server.fault == "504":
            self.send(504, b"<html>Gateway Time-out</html>")
        else:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if self.server.fault == "kept":
                self.server.closing.wait(60)
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_):
        pass
