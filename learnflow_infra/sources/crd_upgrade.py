"""Pure: may a CRD of the cluster become the chart's, and would that be a step back?"""

import re

from learnflow_infra.models import Document

ANNOTATION = "learnflow.infra/chart"
"""On a CRD: name and version of the chart that it was applied from last."""


def marked(crd: Document, chart: str, version: str) -> Document:
    """The CRD with a note of the chart that it comes from."""
    metadata = crd["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: f"{chart} {version}"}
    return {**crd, "metadata": {**metadata, "annotations": annotations}}


def lost_versions(live: Document, wanted: Document) -> list[str]:
    """Versions that the cluster serves, or may hold objects in, and that would be gone.

    `status.storedVersions` lists every version in which objects may still be stored.
    """
    stored = set((live.get("status") or {}).get("storedVersions") or ())
    known = {item["name"] for item in wanted["spec"]["versions"]}
    return sorted((_served(live) - _served(wanted)) | (stored - known))


def added_versions(live: Document, wanted: Document) -> list[str]:
    """Versions that the cluster does not serve yet."""
    return sorted(_served(wanted) - _served(live))


def _served(crd: Document) -> set[str]:
    return {item["name"] for item in crd["spec"]["versions"] if item.get("served")}


def applied_by_newer(live: Document, chart: str, version: str) -> str:
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


def same(live: Document, wanted: Document) -> bool:
    """Without asking the server: all as wanted, and no more than its known defaults."""
    spec = wanted["spec"]
    kind = spec["names"]["kind"]
    names = {"singular": kind.lower(), "listKind": f"{kind}List", **spec["names"]}
    whole = {"conversion": {"strategy": "None"}, **spec, "names": names}
    noted = all(
        (live["metadata"].get(part) or {}).get(key) == value
        for part in ("labels", "annotations")
        for key, value in (wanted["metadata"].get(part) or {}).items()
    )
    return noted and bool(live["spec"] == whole)


def differs(live: Document, applied: Document) -> bool:
    """Applying would change something that anybody reads."""
    return bool(live["spec"] != applied["spec"]) or any(
        (live["metadata"].get(key) or {}) != (applied["metadata"].get(key) or {})
        for key in ("labels", "annotations")
    )


def established(crd: Document) -> bool:
    """The API server has taken the CRD up (condition `Established`; none yet is null)."""
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return any((c["type"], c["status"]) == ("Established", "True") for c in conditions)


def why_not_established(crd: Document) -> str:
    """What the API server says against it."""
    conditions = (crd.get("status") or {}).get("conditions") or ()
    told = (c.get("message", "") for c in conditions if c["status"] != "True")
    return "\n".join(told) or "The API server has not said why."
