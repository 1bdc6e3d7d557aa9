"""Status that a custom resource has to have before its operator first acts on it.

An operator may keep the identity of a cluster in the status of its resources, and generate a
new one where there is none: servers then refuse volumes that an earlier release left. A chart
gives the initial status of a resource in an annotation. Such a resource is created here before
helm runs, and marked as the release's own, so that helm adopts it.
"""

import json
from collections.abc import Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import drift
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object, reference

ANNOTATION = "learnflow.infra/initial-status"
"""On a resource of a chart: what its status begins with, as JSON."""
_MERGE = "application/merge-patch+json"


def create(
    kube: Kube, namespace: str, release: ReleaseName, objects: Sequence[Object]
) -> list[str]:
    """Make the resources of a manifest that begin with a status, where they do not have it.

    What a live resource's status says already is left as it is.

    Returns:
        `Kind/name` of what was given a status.

    Raises:
        ApiError: the server refuses one.
    """
    starting = [obj for obj in objects if _status(obj)]
    locate = drift.locator(kube, namespace, starting)
    return [
        reference(obj)
        for obj in starting
        if _give(kube, locate(obj), adoptable(obj, namespace, release))
    ]


def adoptable(obj: Object, namespace: str, release: ReleaseName) -> Object:
    """An object with the marks by which helm knows its own.

    Source: https://helm.sh/docs/topics/charts_tips_and_tricks/, "existing resources".
    """
    meta = obj["metadata"]
    labels = {**(meta.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    annotations = {
        **(meta.get("annotations") or {}),
        "meta.helm.sh/release-name": release,
        "meta.helm.sh/release-namespace": namespace,
    }
    return {**obj, "metadata": {**meta, "labels": labels, "annotations": annotations}}


def _status(obj: Object) -> Fields:
    text = (obj["metadata"].get("annotations") or {}).get(ANNOTATION)  # charts render null, too
    status: Fields = json.loads(text) if text else {}
    return status


def _give(kube: Kube, path: str, obj: Object) -> bool:
    if not path:  # its kind is not served, which helm says better
        return False
    live = kube.find(path)
    if live is None:
        live = kube.create(path.rpartition("/")[0], obj)
    has = live.get("status", {})
    missing = {key: value for key, value in _status(obj).items() if key not in has}
    if missing:
        body = {"status": missing}
        kube.request("PATCH", f"{path}/status", body=body, content_type=_MERGE)
    return bool(missing)
