"""What the cluster has otherwise than a release's manifest says.

Helm's record cannot tell: objects that were taken away, Jobs that gave up, fields that
somebody changed. `helm upgrade` mends the first two, but only when it is run, and never
the third in custom resources (it compares two manifests, not the live object).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from learnflow_infra.clients.kube import Kube, api_root
from learnflow_infra.engine.release import changes
from learnflow_infra.objects import Object, Resource, reference
from learnflow_infra.readiness.status import compute

_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
"""Metadata that the server writes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An object that is not as its manifest says; `uid` of the live one."""

    desired: Object
    path: str
    state: Literal["gone", "failed", "drifted"]
    change: changes.Change
    uid: str = ""

    def __str__(self) -> str:
        """`Kind/name`, as kubectl writes it."""
        return reference(self.desired)


def find(kube: Kube, namespace: str, objects: Sequence[Object]) -> list[Finding]:
    """Compare the live objects with those of a manifest; nothing is changed.

    What the API server would make of the manifest (a server-side apply, not carried out)
    is compared with what is there: defaults and notations are no drift.
    """
    locate = locator(kube, namespace, objects)
    with ThreadPoolExecutor(4) as pool:
        findings = pool.map(lambda obj: _finding(kube, locate(obj), obj), objects)
        return [finding for finding in findings if finding]


def _finding(kube: Kube, path: str, desired: Object) -> Finding | None:
    live = kube.find(path) if path else None
    if live is None:
        return Finding(desired=desired, path=path, state="gone", change=changes.added(desired))
    uid = live["metadata"]["uid"]
    if live["kind"] == "Job" and compute(live).state == "Failed":
        change = changes.added(desired)
        return Finding(desired=desired, path=path, state="failed", uid=uid, change=change)
    applied = kube.apply(path, desired, dry_run=True)
    before, after = _essence(live), _essence(applied)
    if before == after:
        return None
    change = changes.drift(before, after)
    return Finding(desired=desired, path=path, state="drifted", uid=uid, change=change)


def _essence(obj: Object) -> Object:
    essence: Any = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS}
    return essence | {"metadata": metadata}  # type: ignore[no-any-return]


def mend(kube: Kube, findings: Sequence[Finding]) -> None:
    """Bring drifted objects back, and take away Jobs that gave up, so that helm makes them again.

    Raises:
        ApiError: the server refuses it, as for a field that cannot change.
    """
    for finding in findings:
        if finding.state == "drifted":
            kube.apply(finding.path, finding.desired)
        elif finding.state == "failed":
            kube.delete(finding.path, uid=finding.uid)


def locator(kube: Kube, namespace: str, objects: Sequence[Object]) -> Callable[[Object], str]:
    """A function from an object to its path in the API; "" where its kind is not served."""
    versions = {obj["apiVersion"] for obj in objects}
    served = {
        (version, resource["kind"]): resource
        for version in versions
        for resource in kube.resources(version)
        if "/" not in resource["name"]  # a subresource
    }
    return partial(_path, served, namespace)


def _path(served: Mapping[tuple[str, str], Resource], namespace: str, obj: Object) -> str:
    version, metadata = obj["apiVersion"], obj["metadata"]
    resource = served.get((version, obj["kind"]))
    if resource is None:
        return ""
    namespaced = f"/namespaces/{metadata.get('namespace', namespace)}"
    scope = namespaced if resource["namespaced"] else ""
    return f"{api_root(version)}{scope}/{resource['name']}/{metadata['name']}"
