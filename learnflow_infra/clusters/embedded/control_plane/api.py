"""A small client of the cluster's own API server, for what must be quick: no library to import."""

import base64
import json
import ssl
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learnflow_infra import documents


class ApiError(Exception):
    """The API server did not answer, or refused."""


@dataclass(frozen=True)
class Api:
    """A connection's parameters."""

    server: str
    tls: ssl.SSLContext

    def get(self, path: str, timeout: float = 2.0) -> str:
        """The body of a GET.

        Raises:
            ApiError: no answer in `timeout` seconds, or not 200.
        """
        request = urllib.request.Request(self.server + path)  # noqa: S310 - always https
        return self._call(request, timeout)

    def document(self, path: str, timeout: float = 2.0) -> dict[str, Any]:
        """The body of a GET, which is a JSON object."""
        found: dict[str, Any] = json.loads(self.get(path, timeout))
        return found

    def apply(self, path: str, document: dict[str, Any]) -> None:
        """Server-side apply of one object, whose own path this is."""
        query = "?fieldManager=learnflow-infra&force=true"
        request = urllib.request.Request(  # noqa: S310 - always https
            self.server + path + query, data=json.dumps(document).encode(), method="PATCH"
        )
        request.add_header("Content-Type", "application/apply-patch+yaml")
        self._call(request, 10.0)

    def _call(self, request: urllib.request.Request, timeout: float) -> str:
        handler = urllib.request.HTTPSHandler(context=self.tls)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        try:
            with opener.open(request, timeout=timeout) as response:
                body: bytes = response.read()
                return body.decode()
        except urllib.error.HTTPError as error:
            raise ApiError(f"{error.code} {error.read().decode(errors='replace')[:300]}") from error
        except (OSError, ValueError) as error:
            raise ApiError(str(error)) from error


def connect(kubeconfig: Path) -> Api:
    """Read a kubeconfig with embedded certificates, as kubeadm writes it."""
    document = documents.load(kubeconfig)
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    tls = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    with tempfile.NamedTemporaryFile() as pair:  # mode 0600; ssl reads certificates from files only
        for key in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[key]) + b"\n")
        pair.flush()
        tls.load_cert_chain(pair.name)
    return Api(server=cluster["server"], tls=tls)
