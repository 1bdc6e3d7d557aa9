"""A small client for the API server of an embedded cluster that starts.

`clients.kube` is not used: importing the library `kubernetes` takes 0.7 s of processor time,
as much as all other work of `cluster up` if the cluster runs already. The errors are those
of `clients.kube`. No request is repeated: the callers poll.
"""

import base64
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learnflow_infra.clients.api_errors import ApiError, refusal, silent
from learnflow_infra.documents.reading import load
from learnflow_infra.errors import ClusterUnreachableError

ERRORS = (ApiError, ClusterUnreachableError)
"""The errors of each request: a refusal of the server, or no answer."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """An API server: its URL, and the certificates of both sides."""

    server: str
    tls: ssl.SSLContext

    def get(self, path: str, timeout: float = 2.0) -> str:
        """The body of a GET.

        Raises:
            ApiError: the server refused.
            ClusterUnreachableError: no answer came in `timeout` seconds.
        """
        request = urllib.request.Request(self.server + path)  # noqa: S310 - always https
        return self._send(request, timeout)

    def document(self, path: str, timeout: float = 2.0) -> dict[str, Any]:
        """The body of a GET, which is a JSON object; raises what `get` does."""
        document: dict[str, Any] = json.loads(self.get(path, timeout))
        return document

    def apply(self, path: str, document: dict[str, Any]) -> None:
        """Server-side apply of the object at `path`; raises what `get` does."""
        query = "?fieldManager=learnflow-infra&force=true"
        request = urllib.request.Request(  # noqa: S310 - always https
            self.server + path + query, data=json.dumps(document).encode(), method="PATCH"
        )
        request.add_header("Content-Type", "application/apply-patch+yaml")
        self._send(request, 10.0)

    def delete(self, path: str) -> None:
        """DELETE of the object at `path`; raises what `get` does."""
        request = urllib.request.Request(self.server + path, method="DELETE")  # noqa: S310
        self._send(request, 10.0)

    def _send(self, request: urllib.request.Request, timeout: float) -> str:
        """Send a request without proxies: the node is on this host."""
        handler = urllib.request.HTTPSHandler(context=self.tls)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        try:
            with opener.open(request, timeout=timeout) as response:
                body: bytes = response.read()
                return body.decode()
        except urllib.error.HTTPError as error:
            message = error.read().decode(errors="replace")[:300]
            raise refusal(error.code, message) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise silent(self.server, str(error)) from error


def connect(kubeconfig: Path) -> Api:
    """Read a kubeconfig with embedded certificates, as kubeadm writes it."""
    document = load(kubeconfig)
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    tls = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    # ssl reads client certificates from files only; this one is in memory
    with os.fdopen(os.memfd_create("client-certificate"), "wb") as file:
        for key in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[key]) + b"\n")
        file.flush()
        tls.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return Api(server=cluster["server"], tls=tls)
