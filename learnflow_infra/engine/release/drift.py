"""What the cluster has otherwise than a release's manifest says.

Helm's record cannot tell: objects that were taken away, Jobs that gave up, fields that
somebody changed. `helm upgrade` mends the first two, but only when it is run, and never
the third in custom resources (it compares two manifests, not the live object).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from learnflow_infra import documents
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import manifests
from learnflow_infra.models import Document
from learnflow_infra.readiness.status import compute

_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
"""Metadata that the server writes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An object that is not as its manifest says; `uid` of the live one."""

    wanted: Document
    path: str
    state: Literal["gone", "failed", "drifted"]
    change: manifests.Change
    uid: str = ""

    def __str__(self) -> str:
        """`Kind/name`, as kubectl writes it."""
        return f"{self.wanted['kind']}/{self.wanted['metadata']['name']}"


def look(kube: Kube, namespace: str, manifest: str) -> list[Finding]:
    """Compare the live objects with a manifest; nothing is changed.

    What the API server would make of the manifest (a server-side apply, not carried out)
    is compared with what is there: defaults and notations are no drift.
    """
    objects = documents.parse_all(manifest)
    locate = locator(kube, namespace, objects)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda obj: _finding(kube, locate(obj), obj), objects)
        return [finding for finding in found if finding]


def _finding(kube: Kube, path: str, wanted: Document) -> Finding | None:
    live = kube.find(path) if path else None
    if live is None:
        return Finding(wanted=wanted, path=path, state="gone", change=manifests.added(wanted))
    uid = live["metadata"]["uid"]
    if live["kind"] == "Job" and compute(live).state == "Failed":
        change = manifests.added(wanted)
        return Finding(wanted=wanted, path=path, state="failed", uid=uid, change=change)
    applied = kube.apply(path, wanted, dry_run=True)
    before, after = _essence(live), _essence(applied)
    if before == after:
        return None
    change = manifests.drift(before, after)
    return Finding(wanted=wanted, path=path, state="drifted", uid=uid, change=change)


def _essence(obj: Document) -> Document:
    meta = {name: value for name, value in obj["metadata"].items() if name not in _SERVERS}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": meta}


def mend(kube: Kube, findings: Sequence[Finding]) -> None:
    """Bring drifted objects back, and take away Jobs that gave up, so that helm makes them again.

    Raises:
        ApiError: the server refuses it, as for a field that cannot change.
    """
    for finding in findings:
        if finding.state == "drifted":
            kube.apply(finding.path, finding.wanted)
        elif finding.state == "failed":
            kube.delete(finding.path, uid=finding.uid)


def locator(kube: Kube, namespace: str, objects: Sequence[Document]) -> Callable[[Document], str]:
    """A function from an object to its path in the API; "" where its kind is not served."""
    versions = {obj["apiVersion"] for obj in objects}
    served = {version: _resources(kube, version) for version in versions}
    return partial(_path, served, namespace)


def _resources(kube: Kube, version: str) -> dict[str, Document]:
    """The API's own table of a group and version, by kind (without subresources)."""
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    listed = (kube.find(base) or {"resources": []})["resources"]
    return {item["kind"]: {**item, "base": base} for item in listed if "/" not in item["name"]}


def _path(served: dict[str, dict[str, Document]], namespace: str, obj: Document) -> str:
    kind, meta = served[obj["apiVersion"]].get(obj["kind"]), obj["metadata"]
    if kind is None:
        return ""
    scope = f"/namespaces/{meta.get('namespace', namespace)}" if kind["namespaced"] else ""
    return f"{kind['base']}{scope}/{kind['name']}/{meta['name']}"
