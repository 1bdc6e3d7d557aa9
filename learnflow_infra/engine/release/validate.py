"""Check rendered objects before they are installed: by the API server, or by a chart's CRDs.

The API server checks in a dry run. Custom resources whose CRD is not applied yet are checked
against the CRD in the chart.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.checks import UNCHANGED
from learnflow_infra.clients.api_errors import ApiError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import changes, drift
from learnflow_infra.engine.release.compare import Comparison
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import InputError
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, reference
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import crd_schemas


def against_crds(manifests: Sequence[tuple[Prepared, Manifest]]) -> list[str]:
    """Faults of custom resources by the CRDs of the charts; no cluster is needed."""
    definitions = [crd for prepared, _ in manifests for crd in prepared.chart.crds]
    return [
        _line(prepared.release.name, obj, fault)
        for prepared, manifest in manifests
        for obj in manifest.objects
        for fault in crd_schemas.faults(obj, definitions)
    ]


def by_server(session: Session, comparisons: Sequence[Comparison]) -> list[str]:
    """Faults by a dry run, of new and changed objects whose kind the API server serves."""
    pairs = [(item.prepared.release.name, obj) for item in comparisons for obj in _changed(item)]
    locate = drift.locator(session.kube, session.namespace, [obj for _, obj in pairs])
    with ThreadPoolExecutor(4) as pool:
        faults = pool.map(lambda pair: _refusal(session.kube, locate(pair[1]), pair[1]), pairs)
        return [_line(*pair, fault) for pair, fault in zip(pairs, faults, strict=True) if fault]


def _changed(item: Comparison) -> list[Object]:
    """The desired objects that the live manifest does not have; the others are compared."""
    live = changes.by_key(item.live.manifest.objects) if item.live else {}
    return [obj for obj in item.desired.manifest.objects if live.get(changes.key(obj)) != obj]


def _refusal(kube: Kube, path: str, obj: Object) -> str:
    try:
        if path:
            kube.apply(path, obj, dry_run=True)
    except ApiError as error:  # 404: the namespace is created later
        return "" if isinstance(error, NotFoundError) else error.what
    return ""


def _line(release: ReleaseName, obj: Object, fault: str) -> str:
    return f"{release}: {reference(obj)}: {fault}"


def require(faults: Sequence[str], done: str = UNCHANGED) -> None:
    """Raise an error if there are faults.

    Args:
        faults: a line each.
        done: what this run has done to the releases so far.

    Raises:
        InputError: naming each.
    """
    if faults:
        raise InputError(
            f"{len(faults)} objects would be refused; {done}.",
            why="\n".join(faults),
            remedy=Remedy("See the manifests: ", Command("template")),
        )
