"""Whether the API server would take the objects of releases: dry runs of server-side apply.

Helm 3 sends what server-side apply refuses, such as two variables of one name, and no later
comparison with the live object works. So new and changed objects are refused before.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import admission, changes, drift, served_kinds, trial, validate
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.refusal import explained
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import FoundationError, ReleaseFailedError
from learnflow_infra.hooks import is_only_test
from learnflow_infra.models import Release
from learnflow_infra.objects import Object, references
from learnflow_infra.remedy import Command, Remedy

_TWICE = "the manifest has this object twice, and helm creates it once"
_TAKEN = "provided port is already allocated"
"""In the API server's refusal of a node port. Source: portallocator's ErrAllocated."""
_OWN = "helm installs into this namespace, so it is created before, and not by the chart"


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """An object that helm would send."""

    release: Release
    manifest: Manifest
    obj: Object

    def line(self, fault: str) -> str:
        return validate.line(self.release.name, self.manifest, self.obj, fault)


def require(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Raise an error if helm cannot handle an object, or if the API server would refuse it.

    Args:
        session: the cluster.
        comparisons: of all releases of the run.

    Raises:
        InputError: naming each object that is wrong as it is written.
        FoundationError: a node port is another Service's.
        LearnflowError: of the class of the cause: a quota, a policy, a right.
    """
    malformed = [line for item in comparisons for line in _malformed(session, item)]
    sent = [item for comparison in comparisons for item in _sent(comparison)]
    refused = _refused(session, comparisons, sent)
    _require_ports([item.line(text) for item, text in refused if _TAKEN in text])
    written = [item.line(text) for item, text in refused if trial.is_written_wrong(text)]
    validate.require([*malformed, *written])
    for item, text in refused:
        error = ReleaseFailedError("An object would be refused.", why=item.line(text))
        raise explained(error, item.release, session.namespace)
    for comparison in comparisons:
        if comparison.refusal:
            raise comparison.refusal


def _require_ports(taken: Sequence[str]) -> None:
    """Raise an error for node ports of Services that this user may not see, see `port_checks`.

    Raises:
        FoundationError: a line each.
    """
    if taken:
        raise FoundationError(
            "A Service of another namespace has a node port of this release.",
            why="\n".join(taken),
            remedy=Remedy("Choose another in your values (nodePort): ", Command("values")),
        )


def _malformed(session: Session, item: Comparison) -> list[str]:
    """What helm cannot handle in a manifest, a line for each fault."""
    release, manifest = item.prepared.release.name, item.desired.manifest
    faults = [f"{release}: {fault}" for fault in manifest.faults]
    if item.action.revises:
        repeated = validate.repeated(manifest.objects, session.namespace)
        faults += [validate.line(release, manifest, obj, _TWICE) for obj in repeated]
        faults += [validate.line(release, manifest, obj, _OWN) for obj in _own(session, manifest)]
    return faults


def _own(session: Session, manifest: Manifest) -> list[Object]:
    """The namespace of the release, where the deploy creates it before helm would."""
    path = f"{api_paths.NAMESPACES}/{session.namespace}"
    same = [
        obj
        for obj in manifest.objects
        if obj["kind"] == "Namespace" and obj["metadata"]["name"] == session.namespace
    ]
    return same if same and session.kube.find(path) is None else []


def _sent(item: Comparison) -> list[_Sent]:
    """New and changed objects, and hooks, of a release that helm would work on."""
    if not item.action.revises:
        return []
    release, manifest = item.prepared.release, item.desired.manifest
    base = item.observed.baseline
    live = changes.by_key(base.manifest.objects) if base else {}
    served = {name: obj for name, obj in live.items() if obj not in item.unserved}
    fixed = {changes.key(one.desired) for one in item.fixed}  # they are created again
    new = (obj for obj in manifest.with_hooks if changes.key(obj) not in fixed)
    objects = (obj for obj in new if served.get(changes.key(obj)) != obj)
    return [
        _Sent(release=release, manifest=manifest, obj=obj)
        for obj in objects
        if not is_only_test(obj)
    ]


def _refused(
    session: Session, comparisons: Sequence[Comparison], sent: Sequence[_Sent]
) -> list[tuple[_Sent, str]]:
    """The objects that would be refused, each with the reason."""
    objects = [item.obj for item in sent]
    locate = drift.locator(session.kube, session.namespace, objects)
    defined, created = served_kinds.defined(comparisons), _created(session, comparisons)
    new = references(obj for item in comparisons for obj in item.desired.manifest.with_hooks)

    def fault(item: _Sent) -> str:
        obj, path = item.obj, locate(item.obj)
        if path:
            found = trial.fault(session.kube, path, obj, created)
            return found or admission.fault(session.kube, session.namespace, obj, new)
        return served_kinds.fault(session.kube, obj, item.release.name, defined)

    with ThreadPoolExecutor(4) as pool:
        faults = list(pool.map(fault, sent))
    return [(item, fault) for item, fault in zip(sent, faults, strict=True) if fault]


def _created(session: Session, comparisons: Sequence[Comparison]) -> set[str]:
    """The namespaces that the run creates."""
    objects = (obj for item in comparisons for obj in item.desired.manifest.objects)
    names = {obj["metadata"]["name"] for obj in objects if obj["kind"] == "Namespace"}
    return {session.namespace, *names}
