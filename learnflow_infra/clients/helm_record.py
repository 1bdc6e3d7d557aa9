"""The Secret in which helm keeps a revision of a release.

Source: encodeRelease of helm's pkg/storage/driver/util.go: base64 of gzip of JSON.
"""

import base64
import gzip
import json

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Document

_MERGE = "application/merge-patch+json"


def rewrite(kube: Kube, namespace: str, release: str, revision: int, manifest: str) -> None:
    """Replace the manifest in a revision's record.

    Raises:
        NotFoundError: there is no such revision.
        ConflictError: it was changed meanwhile.
    """
    path = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{release}.v{revision}"
    secret = kube.get(path)
    record = {**unpacked(secret["data"]["release"]), "manifest": manifest}
    body = {
        "metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]},
        "data": {"release": packed(record)},
    }
    kube.request("PATCH", path, body=body, content_type=_MERGE)


def unpacked(data: str) -> Document:
    """The record in a Secret's `data.release`."""
    text = gzip.decompress(base64.b64decode(base64.b64decode(data)))
    record: Document = json.loads(text)
    return record


def packed(record: Document) -> str:
    """A record as a Secret's `data.release`."""
    text = gzip.compress(json.dumps(record).encode())
    return base64.b64encode(base64.b64encode(text)).decode()
