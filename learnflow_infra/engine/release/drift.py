"""Compare live objects with a release's manifest, and mend what differs.

Helm's record does not show objects that were deleted, Jobs that failed and fields that were
changed by others. `helm upgrade` mends the first two when it runs, and in custom resources
never the third: there it compares two manifests, not the live object.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ApiError, ConflictError, ForbiddenError
from learnflow_infra.clients.kube import HELM, Kube
from learnflow_infra.engine.release import changes, handover, managers, ownership
from learnflow_infra.engine.release.managers import Conflict
from learnflow_infra.objects import Object, Resource, reference
from learnflow_infra.readiness.expected import is_fleeting
from learnflow_infra.readiness.states import is_deleted
from learnflow_infra.readiness.status import compute
from learnflow_infra.readiness.watched import is_watched

_SET_BY_SERVER = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
"""Fields of `metadata` that the API server writes."""

State = Literal["gone", "deleted", "failed", "drifted", "held", "refused"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An object that differs from its manifest.

    `gone` objects do not exist or their kind is not served, `deleted` ones are being deleted
    and of a kind that no wait watches, `failed` ones are Jobs that gave up, `drifted` ones
    have other fields, `held` ones only such as others keep setting, `refused` ones have other
    fields which the API server does not let anybody change back, for the reason `why`. `path` is
    in the API ("" where the kind is not served), `uid` that of the live object. `conflicts` are
    the fields that others set. `sent` is what mends it, without those that others keep setting;
    `handed`: once helm is the manager of these fields, which make it invalid (`handover`).
    """

    desired: Object
    path: str
    state: State
    change: changes.Change
    uid: str = ""
    why: str = ""
    conflicts: Sequence[Conflict] = ()
    sent: Object | None = None
    handed: bool = False

    @property
    def stays(self) -> bool:
        """A deploy leaves the object as it is."""
        return self.state in {"refused", "held"}

    def __str__(self) -> str:
        """`Kind/name`, as kubectl writes it."""
        return reference(self.desired)


def find(
    kube: Kube, namespace: str, objects: Sequence[Object], *, force: bool = False
) -> list[Finding]:
    """Compare the live objects with those of a manifest; nothing is changed.

    The live object is compared with a dry run of a server-side apply in helm's name: defaults
    and other notations of a value are no drift; with `force`, what others keep setting is.

    Raises:
        ForbiddenError: this user may not read or change an object.
    """
    locate = locator(kube, namespace, objects)
    with ThreadPoolExecutor(4) as pool:
        findings = pool.map(lambda obj: _finding(kube, locate(obj), obj, force=force), objects)
        return [finding for finding in findings if finding]


def _finding(kube: Kube, path: str, desired: Object, *, force: bool) -> Finding | None:
    live = kube.find(path) if path else None
    if live is None and path and is_fleeting(desired):
        return None  # a Job that ended: Kubernetes removed it
    if live is None:
        change = changes.change("added", None, desired)
        return Finding(desired=desired, path=path, state="gone", change=change)
    uid = live["metadata"]["uid"]
    deleted = is_deleted(live) and not is_watched(desired["apiVersion"], desired["kind"])
    if deleted or (live["kind"] == "Job" and compute(live).state == "Failed"):
        change = changes.change("added", None, desired)
        state: State = "deleted" if deleted else "failed"
        return Finding(desired=desired, path=path, state=state, uid=uid, change=change)
    return compared(kube, path, live, desired, force=force)


def compared(
    kube: Kube, path: str, live: Object, desired: Object, *, force: bool = True
) -> Finding | None:
    """How a live object differs from the desired one; None if it does not. See `find`.

    Raises:
        ForbiddenError: this user may not change the object.
    """
    try:
        return _compared(kube, path, live, desired, force=force)
    except ForbiddenError:
        raise
    except ApiError as error:  # the field is immutable, or the server's rules have changed
        found = [] if error.refuses_change else handover.in_the_way(kube, path, desired, live)
        if found:
            return _invalid(path, live, desired, found)
        uid, change = live["metadata"]["uid"], changes.change("drifted", _essence(live), desired)
        return Finding(
            desired=desired, path=path, state="refused", uid=uid, change=change, why=error.message
        )


def _invalid(path: str, live: Object, desired: Object, found: Sequence[Conflict]) -> Finding:
    """The finding about an object that is invalid with what others added by hand."""
    before = _essence(live)
    change = changes.change(
        "drifted", before, managers.without(before, [item.field for item in found])
    )
    return Finding(
        desired=desired,
        path=path,
        state="drifted",
        uid=live["metadata"]["uid"],
        change=replace(change, text="".join(f"# {item}\n" for item in found) + change.text),
        conflicts=found,
        sent=managers.as_helm(desired, ownership.helm_marks_of(live)),
        handed=True,
    )


def _compared(
    kube: Kube, path: str, live: Object, desired: Object, *, force: bool
) -> Finding | None:
    sent = managers.as_helm(desired, ownership.helm_marks_of(live))
    before, after = _essence(live), _applied(kube, path, sent)
    if before == after:
        return None
    found = _conflicts(kube, path, sent)
    known = {item.field for item in found}
    found += [one for one in managers.scaled_to_none(sent, live) if one.field not in known]
    left = [] if force else [item.field for item in found if item.standing]
    sent = managers.without(sent, left)
    mended = _applied(kube, path, sent) if left else after
    state: State = "held" if before == mended else "drifted"
    change = changes.change("drifted", before, after if state == "held" else mended)
    return Finding(
        desired=desired,
        path=path,
        state=state,
        uid=live["metadata"]["uid"],
        change=replace(change, text="".join(f"# {item}\n" for item in found) + change.text),
        conflicts=found,
        sent=sent,
    )


def _applied(kube: Kube, path: str, sent: Object) -> Object:
    """What an object would be once it is applied in helm's name."""
    return _essence(kube.apply(path, sent, dry_run=True, manager=HELM))


def _conflicts(kube: Kube, path: str, sent: Object) -> list[Conflict]:
    """The fields of an object (as by `managers.as_helm`) that others set to other values."""
    try:
        kube.apply(path, sent, dry_run=True, manager=HELM, force=False)
    except ConflictError as error:
        return managers.foreign(error.message)
    return []


def _essence(obj: Object) -> Object:
    essence: Any = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SET_BY_SERVER}
    return essence | {"metadata": metadata}  # type: ignore[no-any-return]


def mend(kube: Kube, findings: Sequence[Finding]) -> None:
    """Apply drifted objects in helm's name, and delete failed Jobs, which helm recreates.

    Helm's next upgrade would meet conflicts with any other name.

    Raises:
        ApiError: the server refuses it, such as a change of an immutable field.
    """
    for finding in findings:
        if finding.handed:
            handover.hand_over(kube, finding.path, finding.desired)
        if finding.state == "drifted":
            kube.apply(finding.path, finding.sent or finding.desired, manager=HELM)
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
    return f"{api_paths.root(version)}{scope}/{resource['name']}/{metadata['name']}"
