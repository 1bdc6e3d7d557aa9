"""CRDs of charts: installed and upgraded before the resources that need them, never deleted.

Helm installs what is in a chart's `crds/` once and never upgrades it, so they are not left
to helm. They are applied server-side; what others own of them stays.
"""

from collections.abc import Sequence

from learnflow_infra.clients import retry
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import NotReadyError, RefusedError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Document
from learnflow_infra.readiness.status import condition
from learnflow_infra.sources.charts import Chart

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS = 30.0
"""How long a definition may take to be established."""


def missing(kube: Kube, charts: Sequence[Chart]) -> list[Document]:
    """The CRDs of charts that the cluster does not have yet."""
    return [
        crd
        for chart in charts
        for crd in chart.crds
        if kube.find(f"{PATH}/{crd['metadata']['name']}") is None
    ]


def apply(kube: Kube, chart: Chart, emit: Emit) -> bool:
    """Bring the CRDs of one chart to what it has.

    Returns:
        Whether any was changed.

    Raises:
        RefusedError: the cluster stores objects in a version that the chart's CRD lacks.
        NotReadyError: a definition was not established in time.
    """
    if not chart.crds:
        return False
    with step(emit, f"crds/{chart.name}", f"CRDs of {chart.name}") as running:
        differing = [crd for crd in chart.crds if _differs(kube, crd)]
        for number, crd in enumerate(differing):
            running.progress(number, len(differing), crd["metadata"]["name"])
            kube.apply(f"{PATH}/{crd['metadata']['name']}", crd)
        for crd in differing:
            _established(kube, crd["metadata"]["name"])
        count = f"{len(differing)} of {len(chart.crds)} applied"
        running.done(count, changed=bool(differing))
    return bool(differing)


def _differs(kube: Kube, crd: Document) -> bool:
    path = f"{PATH}/{crd['metadata']['name']}"
    live = kube.find(path)
    if live is None:
        return True
    refuse_older(live, crd)
    applied: Document = kube.apply(path, crd, dry_run=True)
    return bool(live["spec"] != applied["spec"])


def refuse_older(live: Document, wanted: Document) -> None:
    """A definition must keep every version in which the cluster may hold objects.

    Raises:
        RefusedError: it lacks one, as an older release's would.
    """
    offered = {version["name"] for version in wanted["spec"]["versions"]}
    lost = sorted(set(live.get("status", {}).get("storedVersions", ())) - offered)
    if lost:
        name = wanted["metadata"]["name"]
        raise RefusedError(
            f"The CRD {name} would lose the version {', '.join(lost)}.",
            why="Objects may be stored in it: another release of this operator is or was here.",
            remedy=f"Migrate them, or use that release. See: kubectl describe crd {name}",
        )


def _established(kube: Kube, name: str) -> None:
    def look() -> Document:
        return kube.find(f"{PATH}/{name}") or {}

    def done(crd: Document) -> bool:
        return bool(crd) and condition(crd, "Established").get("status") == "True"

    good, last = retry.poll(look, until=done, seconds=SECONDS)
    if not good:
        why = condition(last, "NamesAccepted").get("message", "") if last else "It is gone."
        raise NotReadyError(
            f"The CRD {name} was not established within {SECONDS:.0f} s.",
            why=str(why),
            remedy=f"kubectl describe crd {name}",
        )
