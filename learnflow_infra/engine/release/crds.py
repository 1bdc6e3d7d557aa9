"""CRDs of charts: installed and upgraded before the resources that need them, never deleted.

Helm installs the CRDs in a chart's `crds/` once and never upgrades them, so this module does
both. A CRD is applied server-side if a dry run of the apply differs from the live CRD: a
foreign change is noticed, and nothing is written where nothing differs.
"""

import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from learnflow_infra import paths
from learnflow_infra.clients import api_paths, retry
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import FoundationError, NotReadyError, RefusedError
from learnflow_infra.events import Emit, Message, Step, step
from learnflow_infra.objects import Object
from learnflow_infra.outputs import artifacts
from learnflow_infra.sources import crd_upgrade
from learnflow_infra.sources.charts import Chart

SECONDS = 30.0
"""Seconds in which a definition has to be established and served."""
_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class _Definition:
    """The CRD of a chart beside the live one."""

    desired: Object
    live: Object | None
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The CRDs of a chart beside the live ones, for `apply`.

    `newer` are the names of those that stay, because a newer version of the chart, given with
    each, applied them. `denied` is the refusal for a user who may not read or change them.
    """

    chart: Chart
    definitions: Sequence[_Definition] = ()
    newer: Mapping[str, str] = field(default_factory=dict)
    denied: ForbiddenError | None = None

    @property
    def pending(self) -> list[str]:
        """The names of those that `apply` would install or upgrade."""
        return [item.desired["metadata"]["name"] for item in self.definitions if item.differs]


def missing(kube: Kube, charts: Sequence[Chart]) -> list[Object]:
    """The CRDs of charts whose kinds the cluster does not serve yet."""
    return [crd for chart in charts for crd in chart.crds if not _served(kube, crd)]


def compare(kube: Kube, chart: Chart) -> Compared:
    """Compare the CRDs of a chart with the live ones; nothing is changed.

    Raises:
        RefusedError: the cluster serves or stores a version that the chart's CRD lacks.
    """
    try:
        return _compared(kube, chart)
    except ForbiddenError as error:
        return Compared(chart=chart, denied=error)


def apply(kube: Kube, compared: Compared, emit: Emit) -> bool:
    """Install or upgrade the CRDs of one chart; returns whether any was changed.

    Raises:
        FoundationError: the user may not change them, and the cluster lacks some.
        NotReadyError: a definition was not established in time.
    """
    chart = compared.chart
    if not chart.crds:
        return False
    with step(emit, f"crds/{chart.name}", f"CRDs of {chart.name}") as running:
        try:
            changed = _apply(kube, compared, emit, running)
        except ForbiddenError as error:
            _require_served(kube, chart, error)
            running.done("you may not change them; the cluster serves them", changed=False)
            return False
        running.done(f"{changed} of {len(chart.crds)} applied", changed=bool(changed))
    return bool(changed)


def _apply(kube: Kube, compared: Compared, emit: Emit, running: Step) -> int:
    """Apply the CRDs that differ; returns their number."""
    if compared.denied:
        raise compared.denied
    for name, newer in compared.newer.items():
        chart = f"{compared.chart.name} {newer}"
        emit(Message(text=f"The CRD {name} stays: {chart} applied it and is newer."))
    differing = [item.desired for item in compared.definitions if item.differs]
    if differing:
        running.change(f"applying {len(differing)}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda crd: kube.apply(_path(crd), crd), differing))
        list(pool.map(lambda item: _wait_until_served(kube, item), compared.definitions))
    return len(differing)


def _compared(kube: Kube, chart: Chart) -> Compared:
    desired = [crd_upgrade.marked(crd, chart.name, chart.version) for crd in chart.crds]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        live = list(pool.map(lambda crd: kube.find(_path(crd)), desired))
        newer = {
            old["metadata"]["name"]: version
            for old in live
            if old and (version := crd_upgrade.applied_by_newer(old, chart.name, chart.version))
        }
        both = zip(live, desired, strict=True)
        pairs = [(old, new) for old, new in both if new["metadata"]["name"] not in newer]
        for old, new in pairs:
            _require_versions_kept(chart, old, new)
        differs = list(pool.map(lambda pair: _differs(kube, *pair), pairs))
    definitions = [
        _Definition(live=old, desired=new, differs=result)
        for (old, new), result in zip(pairs, differs, strict=True)
    ]
    return Compared(chart=chart, definitions=definitions, newer=newer)


def _require_versions_kept(chart: Chart, live: Object | None, desired: Object) -> None:
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
            remedy=f"Migrate what uses it, then apply the CRDs yourself:\n{_command(chart)}",
        )


def _command(chart: Chart) -> str:
    """The command that applies a chart's CRDs as `apply` would; they are written to a file."""
    marked = [crd_upgrade.marked(crd, chart.name, chart.version) for crd in chart.crds]
    file = artifacts.write_crds(paths.phase_dir(), chart.name, marked)
    return f"kubectl apply --server-side --force-conflicts -f {shlex.quote(str(file))}"


def _path(crd: Object) -> str:
    return f"{api_paths.CRDS}/{crd['metadata']['name']}"


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
            remedy=f"Have an administrator run:\n{_command(chart)}",
        ) from error
