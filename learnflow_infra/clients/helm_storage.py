"""The Secrets in which helm stores the revisions of releases.

`helm status` prints neither the chart nor the labels of a revision.

Source: newSecretsObject and encodeRelease of helm's pkg/storage/driver: base64 of gzip of JSON.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Document


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A stored revision: its labels, and its chart's name and version; "" where unknown."""

    labels: Mapping[str, str] = field(default_factory=dict)
    chart: str = ""
    version: str = ""


def path(namespace: str, release: str, revision: int) -> str:
    """The path of a revision's Secret in the API."""
    return f"{api_paths.secrets(namespace)}/sh.helm.release.v1.{release}.v{revision}"


def read(kube: Kube, namespace: str, release: str, revision: int) -> Stored:
    """A revision of a release; an empty one if it is not stored in a Secret."""
    secret = kube.find(path(namespace, release, revision))
    if secret is None:
        return Stored()
    chart = _chart((secret.get("data") or {}).get("release", ""))
    return Stored(
        labels=secret["metadata"].get("labels") or {},
        chart=str(chart.get("name", "")),
        version=str(chart.get("version", "")),
    )


def label(
    kube: Kube, namespace: str, release: str, revision: int, labels: Mapping[str, str]
) -> None:
    """Add labels to a revision, as `helm upgrade --labels` does; helm keeps them in later ones."""
    try:
        kube.merge(path(namespace, release, revision), {"metadata": {"labels": dict(labels)}})
    except NotFoundError:  # it is not stored in a Secret, or was removed meanwhile
        return


def rewrite(kube: Kube, namespace: str, release: str, revision: int, manifest: str) -> None:
    """Replace the manifest in a revision's record.

    Raises:
        NotFoundError: there is no such revision.
        ConflictError: it was changed meanwhile.
    """
    place = path(namespace, release, revision)
    secret = kube.get(place)
    record = {**_unpacked(secret["data"]["release"]), "manifest": manifest}
    body = {
        "metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]},
        "data": {"release": _packed(record)},
    }
    kube.merge(place, body)


def _chart(packed: str) -> Mapping[str, object]:
    """The chart's metadata; empty if the record is damaged."""
    try:
        return _unpacked(packed)["chart"]["metadata"]  # type: ignore[no-any-return]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return {}


def _unpacked(data: str) -> Document:
    record: Document = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))
    return record


def _packed(record: Document) -> str:
    text = gzip.compress(json.dumps(record).encode())
    return base64.b64encode(base64.b64encode(text)).decode()
