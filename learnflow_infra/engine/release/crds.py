"""CRDs of charts: installed and upgraded before the resources that need them, never deleted.

Helm installs the CRDs in a chart's `crds/` once and never upgrades them, so this module does
both. A CRD is applied server-side if a dry run of the apply differs from the live CRD: a
foreign change is noticed, and nothing is written where nothing differs.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

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
"""Seconds in which a definition has to be established and served."""
_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class _Definition:
    """The CRD of a chart beside the live one."""

    desired: Object
    live: Object | None
    differs: bool


def missing(kube: Kube, charts: Sequence[Chart]) -> list[Object]:
    """The CRDs of charts whose kinds the cluster does not serve yet."""
    return [crd for chart in charts for crd in chart.crds if not _served(kube, crd)]


def pending(kube: Kube, charts: Sequence[Chart]) -> list[Object]:
    """The CRDs of charts that `apply` would install or upgrade.

    CRDs that the user may not read are left out.

    Raises:
        RefusedError: for the reason for which `apply` raises it.
    """
    differing: list[Object] = []
    for chart in charts:
        with suppress(ForbiddenError):
            compared = _compared(kube, chart, ignore)
            differing += [item.desired for item in compared if item.differs]
    return differing


def apply(kube: Kube, chart: Chart, emit: Emit) -> bool:
    """Install or upgrade the CRDs of one chart; those of a newer version of the chart are kept.

    Returns:
        Whether any was changed.

    Raises:
        RefusedError: the cluster serves or stores a version that the chart's CRD lacks; no
            CRD of the chart was changed.
        FoundationError: the user may not change them, and the cluster lacks some.
        NotReadyError: a definition was not established in time.
    """
    if not chart.crds:
        return False
    with step(emit, f"crds/{chart.name}", f"CRDs of {chart.name}") as running:
        try:
            changed = _apply(kube, chart, emit)
        except ForbiddenError as error:
            _require_served(kube, chart, error)
            running.done("you may not change them; the cluster serves them", changed=False)
            return False
        running.done(f"{changed} of {len(chart.crds)} applied", changed=bool(changed))
    return bool(changed)


def _apply(kube: Kube, chart: Chart, emit: Emit) -> int:
    """Apply the CRDs that differ; returns their number."""
    definitions = _compared(kube, chart, emit)
    differing = [item.desired for item in definitions if item.differs]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda crd: kube.apply(_path(crd), crd), differing))
        list(pool.map(lambda item: _wait_until_served(kube, item), definitions))
    return len(differing)


def _compared(kube: Kube, chart: Chart, emit: Emit) -> list[_Definition]:
    """The chart's CRDs beside the live ones, without those that a newer chart applied."""
    desired = [crd_upgrade.marked(crd, chart.name, chart.version) for crd in chart.crds]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        live = list(pool.map(lambda crd: kube.find(_path(crd)), desired))
        pairs = [
            (old, new)
            for old, new in zip(live, desired, strict=True)
            if old is None or not _newer(chart, old, emit)
        ]
        for old, new in pairs:
            require_versions_kept(chart, old, new)
        differs = list(pool.map(lambda pair: _differs(kube, *pair), pairs))
    return [
        _Definition(live=old, desired=new, differs=result)
        for (old, new), result in zip(pairs, differs, strict=True)
    ]


def require_versions_kept(chart: Chart, live: Object | None, desired: Object) -> None:
    """A definition must keep every version that the cluster serves or may store objects in.

    Raises:
        RefusedError: it lacks one, because another release of the operator was installed.
    """
    lost = crd_upgrade.lost_versions(live, desired) if live else []
    if lost:
        name = desired["metadata"]["name"]
        raise RefusedError(
            f"The CRD {name} would lose the version {', '.join(lost)}.",
            why=f"{chart.name} {chart.version} does not have it, and the cluster serves it or "
            "stores objects in it: another release of this operator is or was installed.",
            remedy="Migrate what uses it, then apply the CRDs yourself:\n"
            f"helm show crds {_chart_arguments(chart)} | "
            "kubectl apply --server-side --force-conflicts -f -",
        )


def _chart_arguments(chart: Chart) -> str:
    return f"{chart.reference} --version {chart.version}" if chart.reference else str(chart.path)


def _newer(chart: Chart, live: Object, emit: Emit) -> bool:
    newer = crd_upgrade.applied_by_newer(live, chart.name, chart.version)
    if newer:
        name = live["metadata"]["name"]
        emit(Message(text=f"The CRD {name} stays: {chart.name} {newer} applied it and is newer."))
    return bool(newer)


def _path(crd: Object) -> str:
    return f"{PATH}/{crd['metadata']['name']}"


def _differs(kube: Kube, live: Object | None, crd: Object) -> bool:
    """Compare with a dry run of the apply, unless both are equal without its defaults."""
    if live is None or crd_upgrade.same(live, crd):
        return live is None
    return crd_upgrade.differs(live, kube.apply(_path(crd), crd, dry_run=True))


def _wait_until_served(kube: Kube, definition: _Definition) -> None:
    """Wait until the definition is established, and discovery lists all its versions."""
    crd, live = definition.desired, definition.live
    if live and crd_upgrade.established(live) and not crd_upgrade.added_versions(live, crd):
        return
    served, last = retry.poll(
        lambda: kube.find(_path(crd)),
        until=lambda current: crd_upgrade.established(current) and _served(kube, crd),
        seconds=SECONDS,
    )
    if not served:
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
            f"The cluster lacks CRDs of {chart.name}, and you may not create them: "
            + ", ".join(absent),
            why=error.what,
            remedy="Have an administrator run:\n"
            f"helm show crds {_chart_arguments(chart)} | kubectl apply --server-side -f -",
        ) from error
