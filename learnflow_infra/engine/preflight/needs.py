"""What releases demand of a cluster or a machine, by their rendered manifests."""

from collections.abc import Iterable, Mapping, Sequence

from learnflow_infra.checks import Check
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import foundation, machine
from learnflow_infra.engine.gate import rights as gate
from learnflow_infra.engine.gate.asked import Needed, Use, needed
from learnflow_infra.engine.gate.demand import Demand, demand
from learnflow_infra.engine.gate.kinds import is_cluster_scoped
from learnflow_infra.engine.release import changes, crds, kept_data
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import Prepared, compute_all
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Emit
from learnflow_infra.fields import at
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object


def of_plan(plan: Plan, emit: Emit) -> Demand:
    """The demand of all releases of a plan, rendered without a cluster.

    Raises:
        ArtifactError: a chart cannot be obtained.
        InputError: values do not fit a chart.
        ReleaseFailedError: helm cannot render a chart.
    """
    prepared = compute_all(plan, emit)
    manifests = render(prepared, plan.namespace, emit)
    pairs = zip(prepared, manifests, strict=True)
    return _demand({item.release.name: manifest.objects for item, manifest in pairs}, prepared)


def kubernetes(plan: Plan) -> dict[ReleaseName, str]:
    """The oldest minor version of Kubernetes that each release of a plan declares, or ""."""
    profile = plan.target.profile
    return {release.name: release.profiles[profile].kubernetes for release in plan.releases}


def of_changes(comparisons: Sequence[Comparison]) -> Demand:
    """The demand of the releases that a deploy would install or upgrade."""
    changed = [item for item in comparisons if item.action.revises]
    objects = {item.prepared.release.name: _started(item) for item in changed}
    return _demand(objects, [item.prepared for item in changed])


def _demand(
    objects: Mapping[ReleaseName, Sequence[Object]], prepared: Sequence[Prepared]
) -> Demand:
    return demand(objects, {item.release.name: item.computed.effective for item in prepared})


def _started(item: Comparison) -> list[Object]:
    """The desired objects without Jobs that exist already, which do not run again."""
    live = changes.by_key(item.live.manifest.objects) if item.live else {}
    again = {changes.key(found.desired) for found in item.findings if found.state != "held"}
    return [
        obj
        for obj in item.desired.manifest.with_hooks
        if obj["kind"] != "Job" or live.get(changes.key(obj)) != obj or changes.key(obj) in again
    ]


def rights(kube: Kube, plan: Plan, prepared: Sequence[Prepared], emit: Emit) -> Needed:
    """The rights that a plan's releases need, which are rendered without a cluster.

    Raises:
        InputError: values do not fit a chart.
        ReleaseFailedError: helm cannot render a chart.
    """
    return of_releases(
        plan.namespace,
        prepared,
        emit,
        tunnel=plan.target.tunnel,
        missing=crds.missing(kube, [item.chart for item in prepared]),
        keeps=kept_data.served(kube, _keeps(prepared)),
    )


def _keeps(prepared: Sequence[Prepared]) -> list[str]:
    return [name for item in prepared for name in item.source.keeps]


def of_releases(
    namespace: str,
    prepared: Sequence[Prepared],
    emit: Emit,
    missing: Sequence[Object] = (),
    keeps: Sequence[str] | None = None,
    *,
    tunnel: bool = False,
) -> Needed:
    """The rights for releases.

    Args:
        namespace: of the releases.
        prepared: the releases, which are rendered.
        emit: takes the events.
        missing: the CRDs that the cluster lacks.
        keeps: the collections that outlive them; None takes all that may.
        tunnel: see `needed`.
    """
    objects = [
        (item, obj)
        for item, manifest in zip(prepared, render(prepared, namespace, emit), strict=True)
        for obj in manifest.with_hooks
    ]
    definitions = [crd for item in prepared for crd in item.chart.crds]
    return needed(
        namespace,
        [obj for _, obj in objects],
        definitions,
        missing=missing,
        keeps=_keeps(prepared) if keeps is None else keeps,
        apart=_apart(item for item, obj in objects if is_cluster_scoped(obj, definitions)),
        tunnel=tunnel,
    )


def _apart(items: Iterable[Prepared]) -> list[str]:
    """Options that are not there yet, with which the releases have no objects of the cluster."""
    options = (
        f"--set {item.release.name}.{key}=false"
        for item in items
        if (key := item.source.cluster_objects_key)
        and at(item.computed.effective, *key.split(".")) is not False
    )
    return list(dict.fromkeys(options))


def require_rights(
    session: Session,
    objects: Sequence[Object],
    uses: Sequence[Use],
    *,
    keeps: Sequence[str] = (),
) -> None:
    """Refuse to begin what this user's rights do not let end.

    Args:
        session: the cluster.
        objects: of the releases as they are deployed.
        uses: what the rights are needed for.
        keeps: collections that outlive the releases.

    Raises:
        FoundationError: naming each missing right.
    """

    def asked() -> Needed:
        return needed(
            session.namespace,
            objects,
            keeps=kept_data.served(session.kube, keeps),
            tunnel=session.target.tunnel,
        )

    foundation.require([gate.rights(session.access, asked, uses)], again="rights")


def checks(session: Session, required: Demand) -> list[Check]:
    """Check that the cluster can hold a demand."""
    free = machine.free_disk(session.target)
    return foundation.manifest_checks(session.kube, session.namespace, required, free)
