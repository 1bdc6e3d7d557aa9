"""CRDs of charts: installed and upgraded before the resources that need them, never deleted.

Helm installs what is in a chart's `crds/` once and never upgrades it, so they are not left
to helm. They are applied server-side, when a dry run of that tells a difference: whoever
changed one is noticed, and nothing is written where there is none.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import FoundationError, NotReadyError, RefusedError
from learnflow_infra.events import Emit, Message, ignore, step
from learnflow_infra.objects import Object
from learnflow_infra.sources import crd_upgrade
from learnflow_infra.sources.charts import Chart

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS = 30.0
"""How long a definition may take to be established and served."""
_AT_ONCE = 4


def missing(kube: Kube, charts: Sequence[Chart]) -> list[Object]:
    """The CRDs of charts whose kinds the cluster does not serve yet."""
    return [crd for chart in charts for crd in chart.crds if not _served(kube, crd)]


def pending(kube: Kube, charts: Sequence[Chart]) -> list[Object]:
    """The CRDs of charts that `apply` would install or upgrade; none that you may not see.

    Raises:
        RefusedError: as `apply` would.
    """
    found: list[Object] = []
    for chart in charts:
        with suppress(ForbiddenError):
            found += [crd for _, crd, differs in _compared(kube, chart, ignore) if differs]
    return found


def apply(kube: Kube, chart: Chart, emit: Emit) -> bool:
    """Bring the CRDs of one chart to what it has; newer ones of the same chart stay.

    Returns:
        Whether any was changed.

    Raises:
        RefusedError: the cluster serves or stores a version that the chart's CRD lacks;
            nothing was changed.
        FoundationError: you may not change them, and the cluster lacks what the chart brings.
        NotReadyError: a definition was not established in time.
    """
    if not chart.crds:
        return False
    with step(emit, f"crds/{chart.name}", f"CRDs of {chart.name}") as running:
        try:
            changed = _apply(kube, chart, emit)
        except ForbiddenError as error:
            _require_served(kube, chart, error)
            running.done("you may not change them; they are served, and stay", changed=False)
            return False
        running.done(f"{changed} of {len(chart.crds)} applied", changed=bool(changed))
    return bool(changed)


def _apply(kube: Kube, chart: Chart, emit: Emit) -> int:
    """Everything is looked at before anything is changed; returns how many were."""
    found = _compared(kube, chart, emit)
    todo = [crd for _, crd, differs in found if differs]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda crd: kube.apply(_path(crd), crd), todo))
        list(pool.map(lambda item: _established(kube, *item[:2]), found))
    return len(todo)


def _compared(kube: Kube, chart: Chart, emit: Emit) -> list[tuple[Object | None, Object, bool]]:
    """The live CRD, the chart's, and whether they differ; without those that stay newer."""
    wanted = [crd_upgrade.marked(crd, chart.name, chart.version) for crd in chart.crds]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda crd: kube.find(_path(crd)), wanted))
        pairs = [
            (live, crd)
            for live, crd in zip(found, wanted, strict=True)
            if live is None or not _newer(chart, live, emit)
        ]
        for live, crd in pairs:
            require_kept(chart, live, crd)
        differing = list(pool.map(lambda pair: _differs(kube, *pair), pairs))
    return [(*pair, differs) for pair, differs in zip(pairs, differing, strict=True)]


def require_kept(chart: Chart, live: Object | None, wanted: Object) -> None:
    """A definition must keep every version that the cluster serves or may hold objects in.

    Raises:
        RefusedError: it lacks one, as another release of the operator would.
    """
    lost = crd_upgrade.lost_versions(live, wanted) if live else []
    if lost:
        name = wanted["metadata"]["name"]
        raise RefusedError(
            f"The CRD {name} would lose the version {', '.join(lost)}.",
            why=f"{chart.name} {chart.version} does not have it, and the cluster serves it or "
            "holds objects in it: another release of this operator is or was here.",
            remedy="Migrate what uses it, then apply the CRDs yourself:\n"
            f"helm show crds {_shown(chart)} | kubectl apply --server-side --force-conflicts -f -",
        )


def _shown(chart: Chart) -> str:
    return f"{chart.reference} --version {chart.version}" if chart.reference else str(chart.path)


def _newer(chart: Chart, live: Object, emit: Emit) -> bool:
    newer = crd_upgrade.applied_by_newer(live, chart.name, chart.version)
    if newer:
        name = live["metadata"]["name"]
        emit(Message(text=f"The CRD {name} stays as {chart.name} {newer}, which is newer, has it."))
    return bool(newer)


def _path(crd: Object) -> str:
    return f"{PATH}/{crd['metadata']['name']}"


def _differs(kube: Kube, live: Object | None, crd: Object) -> bool:
    """Where they are not plainly the same, a dry run tells what the server makes of ours."""
    if live is None or crd_upgrade.same(live, crd):
        return live is None
    return crd_upgrade.differs(live, kube.apply(_path(crd), crd, dry_run=True))


def _established(kube: Kube, before: Object | None, crd: Object) -> None:
    """Wait until the definition is established, and clients find all of it by discovery."""
    if before and crd_upgrade.established(before) and not crd_upgrade.added_versions(before, crd):
        return
    good, last = retry.poll(
        lambda: kube.find(_path(crd)),
        until=lambda live: crd_upgrade.established(live) and _served(kube, crd),
        seconds=SECONDS,
    )
    if not good:
        name = crd["metadata"]["name"]
        raise NotReadyError(
            f"The CRD {name} was not established within {SECONDS:.0f} s.",
            why=crd_upgrade.why_not_established(last),
            remedy=f"kubectl describe crd {name}",
        )


def _served(kube: Kube, crd: Object) -> bool:
    spec = crd["spec"]
    versions = [item["name"] for item in spec["versions"] if item.get("served")]
    served = [kube.resources(f"{spec['group']}/{version}") for version in versions]
    plural = spec["names"]["plural"]
    return all(plural in {item["name"] for item in resources} for resources in served)


def _require_served(kube: Kube, chart: Chart, error: ForbiddenError) -> None:
    absent = [crd["metadata"]["name"] for crd in chart.crds if not _served(kube, crd)]
    if absent:
        raise FoundationError(
            f"The cluster lacks CRDs of {chart.name}, and you may not bring them: "
            + ", ".join(absent),
            why=error.what,
            remedy="Have an administrator run:\n"
            f"helm show crds {_shown(chart)} | kubectl apply --server-side -f -",
        ) from error
