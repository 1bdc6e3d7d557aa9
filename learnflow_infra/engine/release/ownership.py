"""Pure: whether this program made a release or an object, and who else did."""

from collections.abc import Collection, Mapping
from typing import Any

from learnflow_infra.clients.helm_storage import Stored
from learnflow_infra.engine.request.marks import CHART
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object

_MANAGED_BY = "app.kubernetes.io/managed-by"
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


def is_ours(stored: Stored, charts: Collection[str], *, recorded: bool) -> bool:
    """Whether this program made the release, and nobody replaced its chart.

    Args:
        stored: the newest revision.
        charts: the names of the release's charts, one of which earlier versions installed.
        recorded: the cluster's record has endpoints of the skill, which earlier versions wrote
            in place of the label.
    """
    label = stored.labels.get(CHART)
    if label is not None:
        return stored.chart in {label, ""}
    return recorded and stored.chart in {*charts, ""}


def maker_of_release(stored: Stored) -> str:
    """Who made a release that is not ours, for people."""
    chart = f"chart {stored.chart}-{stored.version}" if stored.chart else "unknown chart"
    ours = stored.labels.get(CHART)
    return f"{chart}, in place of {ours}, which was deployed here" if ours else chart


def maker(obj: Object) -> str:
    """Who made an object, for people: `by kubectl-create at 2026-01-01T00:00:00Z`."""
    meta: Mapping[str, Any] = obj["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    writers = [
        entry["manager"] for entry in meta.get("managedFields") or () if "subresource" not in entry
    ]
    parts = [f"by {', '.join(dict.fromkeys(writers)) or 'unknown'}"]
    parts += [f"at {meta['creationTimestamp']}"] if "creationTimestamp" in meta else []
    if _NAME in annotations:
        name = f"{annotations.get(_NAMESPACE, '')}/{annotations[_NAME]}"
        parts.append(f"for the helm release {name}")
    elif _MANAGED_BY in labels:
        parts.append(f"with the label {_MANAGED_BY}={labels[_MANAGED_BY]}")
    return " ".join(parts)


def helm_takes(obj: Object, release: ReleaseName, namespace: str) -> bool:
    """Whether helm takes an existing object into a release.

    Source: checkOwnership of helm's pkg/action.
    """
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    place = annotations.get(_NAME), annotations.get(_NAMESPACE)
    managed = (meta.get("labels") or {}).get(_MANAGED_BY) == "Helm"
    return managed and place == (release, namespace)


def helm_mark(release: ReleaseName, namespace: str) -> Mapping[str, Any]:
    """The metadata by which helm recognises its own objects.

    Source: https://helm.sh/docs/topics/charts_tips_and_tricks/, "existing resources".
    """
    return {
        "labels": {_MANAGED_BY: "Helm"},
        "annotations": {_NAME: release, _NAMESPACE: namespace},
    }


def helm_marks_of(obj: Object) -> Mapping[str, Mapping[str, str]]:
    """The labels and annotations of a live object that helm adds to those of the manifest."""
    labels = obj["metadata"].get("labels") or {}
    annotations = obj["metadata"].get("annotations") or {}
    managed = {_MANAGED_BY: labels[_MANAGED_BY]} if labels.get(_MANAGED_BY) == "Helm" else {}
    place = {key: annotations[key] for key in (_NAME, _NAMESPACE) if key in annotations}
    return {"labels": managed, "annotations": place}
