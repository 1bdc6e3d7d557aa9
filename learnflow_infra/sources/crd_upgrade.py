"""Pure: whether a chart's CRD may replace the one in the cluster, and whether it is older."""

import re
from collections.abc import Sequence
from typing import Literal

from learnflow_infra.objects import Condition, Object

ANNOTATION = "learnflow.infra/chart"
"""The annotation of a CRD: name and version of the chart that it was last applied from."""
_MARKS: tuple[Literal["labels"], Literal["annotations"]] = ("labels", "annotations")


def marked(crd: Object, chart: str, version: str) -> Object:
    """The CRD with the annotation of its chart."""
    metadata = crd["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: f"{chart} {version}"}
    return {**crd, "metadata": {**metadata, "annotations": annotations}}


def lost_versions(live: Object, desired: Object) -> list[str]:
    """Versions that the cluster serves or stores, and that the desired CRD lacks.

    `status.storedVersions` lists every version in which objects may still be stored.
    """
    stored = set((live.get("status") or {}).get("storedVersions") or ())
    kept = {item["name"] for item in desired["spec"]["versions"]}
    return sorted((_served(live) - _served(desired)) | (stored - kept))


def added_versions(live: Object, desired: Object) -> list[str]:
    """Versions that the cluster does not serve yet."""
    return sorted(_served(desired) - _served(live))


def _served(crd: Object) -> set[str]:
    return {item["name"] for item in crd["spec"]["versions"] if item.get("served")}


def applied_by_newer(live: Object, chart: str, version: str) -> str:
    """The newer version of the same chart that the CRD was applied from; "" if there is none."""
    applied = (live["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    name, _, before = applied.rpartition(" ")
    return before if name == chart and precedence(before) > precedence(version) else ""


def precedence(version: str) -> tuple[object, ...]:
    """A sort key for semantic versions (https://semver.org, rule 11)."""
    main, _, prerelease = version.removeprefix("v").partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in re.findall(r"\d+", main))
    parts = prerelease.split(".") if prerelease else []
    ranks = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    return (numbers, not prerelease, ranks)


def same(live: Object, desired: Object) -> bool:
    """Whether live and desired are equal, apart from the defaults that the API server fills in."""
    spec = desired["spec"]
    kind = spec["names"]["kind"]
    names = {"singular": kind.lower(), "listKind": f"{kind}List", **spec["names"]}
    defaulted = {"conversion": {"strategy": "None"}, **spec, "names": names}
    marks_equal = all(
        (live["metadata"].get(part) or {}).get(key) == value
        for part in _MARKS
        for key, value in (desired["metadata"].get(part) or {}).items()
    )
    return marks_equal and bool(live["spec"] == defaulted)


def differs(live: Object, applied: Object) -> bool:
    """Whether an apply changes the spec, the labels or the annotations."""
    return bool(live["spec"] != applied["spec"]) or any(
        (live["metadata"].get(key) or {}) != (applied["metadata"].get(key) or {}) for key in _MARKS
    )


def established(crd: Object | None) -> bool:
    """Whether the API server serves the CRD (condition `Established`)."""
    return any((c["type"], c["status"]) == ("Established", "True") for c in _conditions(crd))


def _conditions(crd: Object | None) -> Sequence[Condition]:
    return ((crd and crd.get("status")) or {}).get("conditions") or ()


def why_not_established(crd: Object | None) -> str:
    """The messages of conditions that are not True."""
    messages = (c.get("message", "") for c in _conditions(crd) if c["status"] != "True")
    return "\n".join(messages) or "The API server gives no reason."
