"""Kinds that the API server does not serve: those that the run defines, and removed versions."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.fields import text
from learnflow_infra.hooks import is_hook
from learnflow_infra.objects import Object
from learnflow_infra.readiness.groups import group_of

Kind = tuple[str, str]
"""API group and kind."""
CHART = ""
"""In place of a release: the CRD is in the `crds/` of a chart, and applied before all releases."""
_MOVE = "; move its CRD from templates/ to crds/, which is installed first"


def kind(obj: Object) -> Kind:
    """The API group and kind of an object."""
    return group_of(obj["apiVersion"]), obj["kind"]


def defined(comparisons: Sequence[Comparison]) -> Mapping[Kind, str]:
    """The kinds that CRDs of the run define, each with the release that installs the CRD."""
    rendered = {
        _defined(obj): str(item.prepared.release.name)
        for item in comparisons
        for obj in item.desired.manifest.with_hooks
        if obj["kind"] == "CustomResourceDefinition"
    }
    in_charts = (crd for item in comparisons for crd in item.prepared.chart.crds)
    return rendered | dict.fromkeys(map(_defined, in_charts), CHART)


def _defined(crd: Object) -> Kind:
    return text(crd, "spec", "group"), text(crd, "spec", "names", "kind")


def fault(kube: Kube, obj: Object, release: str, defined: Mapping[Kind, str]) -> str:
    """What to say of an object whose kind is not served in its version.

    Returns:
        "" if the CRD is installed before the object: by another release, or by this one before
        its hook; with what to do if that release has the CRD itself, since helm asks for all
        kinds before it installs anything but hooks. A live CRD that leaves its release is
        deleted, with its resources, so it is not to be moved.
    """
    by = defined.get(kind(obj), release)
    if by != release or (is_hook(obj) and kind(obj) in defined):
        return ""
    versions = served_in(kube, obj["kind"])
    own = [item for item in versions if group_of(item) == group_of(obj["apiVersion"])]
    there = f"; it serves it in {', '.join(own or versions)}" if versions else ""
    move = _MOVE if kind(obj) in defined and not own else ""
    return (
        f"apiVersion: the cluster serves no kind {obj['kind']} in {obj['apiVersion']}{there}{move}"
    )


def served_in(kube: Kube, name: str) -> list[str]:
    """The API versions that serve a kind, the preferred one of each group first."""
    groups = kube.request("GET", "/apis")["groups"]
    versions = ["v1", *(item["groupVersion"] for group in groups for item in group["versions"])]
    with ThreadPoolExecutor(8) as pool:
        resources = list(pool.map(kube.resources, versions))
    return [
        version
        for version, served in zip(versions, resources, strict=True)
        if any(item["kind"] == name and "/" not in item["name"] for item in served)
    ]
