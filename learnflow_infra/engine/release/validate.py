"""Check rendered objects before they are installed: by the API server, or by a chart's CRDs.

The API server checks in a dry run, see `acceptance`. Custom resources whose CRD is not applied
yet are checked against the CRD in the chart.
"""

from collections.abc import Iterable, Sequence

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, Message
from learnflow_infra.hooks import is_hook
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, reference
from learnflow_infra.quantities import counted
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import crd_schemas
from learnflow_infra.values import exponents


def against_crds(manifests: Sequence[tuple[Prepared, Manifest]]) -> list[str]:
    """Faults of custom resources by the CRDs of the charts; no cluster is needed."""
    definitions = [crd for prepared, _ in manifests for crd in prepared.chart.crds]
    return [
        line(prepared.release.name, manifest, obj, fault)
        for prepared, manifest in manifests
        for obj in manifest.objects
        for fault in crd_schemas.faults(obj, definitions)
    ]


def repeated(objects: Iterable[Object], namespace: str) -> list[Object]:
    """The objects of a manifest that an earlier one equals in kind, namespace and name.

    Objects of hooks may be repeated: helm deletes the one before.
    """
    known: set[changes.Key] = set()
    found = []
    for obj in objects:
        group, kind, own, name = changes.key(obj)
        key = (group, kind, own or namespace, name)
        if key in known:
            found.append(obj)
        if not is_hook(obj):
            known.add(key)
    return found


def warn(manifests: Sequence[tuple[Prepared, Manifest]], emit: Emit) -> None:
    """Emit a warning for each number of the values that a text of a manifest has as a float."""
    for prepared, manifest in manifests:
        for text in exponents.warnings(prepared.computed, manifest.with_hooks):
            emit(Message(text=f"Warning: {text}"))


def line(release: ReleaseName, manifest: Manifest, obj: Object, fault: str) -> str:
    """A fault of an object, with the template that it comes from."""
    source = manifest.source(obj)
    return ": ".join(filter(None, [release, source, reference(obj), " ".join(fault.split())]))


def require(faults: Sequence[str]) -> None:
    """Raise an error if there are faults, a line each.

    Raises:
        InputError: naming each.
    """
    if faults:
        raise InputError(
            f"{counted(len(faults), 'object')} would be refused.",
            why="\n".join(faults),
            remedy=Remedy("See the manifests: ", Command("template")),
        )
