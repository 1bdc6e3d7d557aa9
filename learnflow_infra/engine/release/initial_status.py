"""Create custom resources with an initial status before their operator reads them.

An operator may keep the identity of a cluster in the status of its resources, and generate a
new one where there is none: servers then refuse volumes that an earlier release left. A chart
gives the initial status of a resource in an annotation. Such a resource is created here before
helm runs, and marked as the release's own, so that helm adopts it.
"""

import json
from collections.abc import Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.documents.merging import merge
from learnflow_infra.engine.release import drift, ownership
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object, reference

ANNOTATION = "learnflow.infra/initial-status"
"""Annotation of a resource in a chart: its initial status, as JSON."""


def create(
    kube: Kube, namespace: str, release: ReleaseName, objects: Sequence[Object]
) -> list[str]:
    """Create the resources of a manifest that have an initial status, and set it.

    Fields that the live status already has are kept.

    Returns:
        `Kind/name` of each resource whose status was set.

    Raises:
        ApiError: the server refuses one.
    """
    annotated = [obj for obj in objects if _initial_status(obj)]
    locate = drift.locator(kube, namespace, annotated)
    return [
        reference(obj)
        for obj in annotated
        if _set_status(kube, locate(obj), adoptable(obj, namespace, release))
    ]


def adoptable(obj: Object, namespace: str, release: ReleaseName) -> Object:
    """An object with the label and annotations by which helm recognises its own objects."""
    mark = ownership.helm_mark(release, namespace)
    return {**obj, "metadata": merge(dict(obj["metadata"]), dict(mark))}  # type: ignore[typeddict-item]


def _initial_status(obj: Object) -> Fields:
    text = (obj["metadata"].get("annotations") or {}).get(ANNOTATION)  # charts render null, too
    status: Fields = json.loads(text) if text else {}
    return status


def _set_status(kube: Kube, path: str, obj: Object) -> bool:
    if not path:  # the kind is not served: helm reports that
        return False
    live = kube.find(path)
    if live is None:
        live = kube.create(path.rpartition("/")[0], obj)
    present = live.get("status", {})
    missing = {k: v for k, v in _initial_status(obj).items() if k not in present}
    if missing:
        kube.merge(f"{path}/status", {"status": missing})
    return bool(missing)
