"""The Secrets in which helm stores the revisions of releases.

`helm status` prints neither the chart nor the labels of a revision.

Source: newSecretsObject of helm's pkg/storage/driver.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clients.kube import Kube

_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A stored revision: its labels, and its chart's name and version; "" where unknown."""

    labels: Mapping[str, str] = field(default_factory=dict)
    chart: str = ""
    version: str = ""


def path(namespace: str, release: str, revision: int) -> str:
    """The path of a revision's Secret in the API."""
    return f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{release}.v{revision}"


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


def _chart(packed: str) -> Mapping[str, object]:
    """The chart's metadata; empty if the record is damaged."""
    try:
        record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(packed))))
        return record["chart"]["metadata"]  # type: ignore[no-any-return]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return {}


def label(
    kube: Kube, namespace: str, release: str, revision: int, labels: Mapping[str, str]
) -> None:
    """Add labels to a revision, as `helm upgrade --labels` does; helm keeps them in later ones."""
    try:
        kube.request(
            "PATCH",
            path(namespace, release, revision),
            body={"metadata": {"labels": dict(labels)}},
            content_type=_MERGE,
        )
    except NotFoundError:  # it is not stored in a Secret, or was removed meanwhile
        return
