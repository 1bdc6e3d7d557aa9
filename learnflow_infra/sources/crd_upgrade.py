"""Pure: may a CRD of the cluster become the chart's, and would that be a step back?"""

import re
from collections.abc import Sequence
from typing import Literal

from learnflow_infra.objects import Condition, Object

ANNOTATION = "learnflow.infra/chart"
"""On a CRD: name and version of the chart that it was applied from last."""
_MARKS: tuple[Literal["labels"], Literal["annotations"]] = ("labels", "annotations")


def marked(crd: Object, chart: str, version: str) -> Object:
    """The CRD with a note of the chart that it comes from."""
    metadata = crd["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: f"{chart} {version}"}
    return {**crd, "metadata": {**metadata, "annotations": annotations}}


def lost_versions(live: Object, wanted: Object) -> list[str]:
    """Versions that the cluster serves, or may hold objects in, and that would be gone.

    `status.storedVersions` lists every version in which objects may still be stored.
    """
    stored = set((live.get("status") or {}).get("storedVersions") or ())
    known = {item["name"] for item in wanted["spec"]["versions"]}
    return sorted((_served(live) - _served(wanted)) | (stored - known))


def added_versions(live: Object, wanted: Object) -> list[str]:
    """Versions that the cluster does not serve yet."""
    return sorted(_served(wanted) - _served(live))


def _served(crd: Object) -> set[str]:
    return {item["name"] for item in crd["spec"]["versions"] if item.get("served")}


def applied_by_newer(live: Object, chart: str, version: str) -> str:
    """The version of the same chart that the CRD was applied from, if it is newer; else ""."""
    note = (live["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    name, _, before = note.rpartition(" ")
    return before if name == chart and precedence(before) > precedence(version) else ""


def precedence(version: str) -> tuple[object, ...]:
    """A semantic version as something to compare (https://semver.org, rule 11)."""
    main, _, early = version.removeprefix("v").partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in re.findall(r"\d+", main))
    parts = early.split(".") if early else []
    ranks = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    return (numbers, not early, ranks)


def same(live: Object, wanted: Object) -> bool:
    """Without asking the server: all as wanted, and no more than its known defaults."""
    spec = wanted["spec"]
    kind = spec["names"]["kind"]
    names = {"singular": kind.lower(), "listKind": f"{kind}List", **spec["names"]}
    whole = {"conversion": {"strategy": "None"}, **spec, "names": names}
    noted = all(
        (live["metadata"].get(part) or {}).get(key) == value
        for part in _MARKS
        for key, value in (wanted["metadata"].get(part) or {}).items()
    )
    return noted and bool(live["spec"] == whole)


def differs(live: Object, applied: Object) -> bool:
    """Applying would change something that anybody reads."""
    return bool(live["spec"] != applied["spec"]) or any(
        (live["metadata"].get(key) or {}) != (applied["metadata"].get(key) or {}) for key in _MARKS
    )


def established(crd: Object | None) -> bool:
    """The API server has taken the CRD up (condition `Established`; none yet is null)."""
    return any((c["type"], c["status"]) == ("Established", "True") for c in _conditions(crd))


def _conditions(crd: Object | None) -> Sequence[Condition]:
    return ((crd and crd.get("status")) or {}).get("conditions") or ()


def why_not_established(crd: Object | None) -> str:
    """What the API server says against it."""
    told = (c.get("message", "") for c in _conditions(crd) if c["status"] != "True")
    return "\n".join(told) or "The API server has not said why."
