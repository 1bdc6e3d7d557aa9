"""Prepare a release before the cluster is changed: its chart, and the values for Helm."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients import helm_choice
from learnflow_infra.clients.installation import Installation
from learnflow_infra.clusters import embedded, reach
from learnflow_infra.documents.merging import put
from learnflow_infra.engine.request import foreign_revisions, marks, reuse
from learnflow_infra.engine.request.other_profiles import require_own_keys
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.events import Emit, Message
from learnflow_infra.models import ChartSource, Release, Values
from learnflow_infra.sources import charts, lockfile, mirror
from learnflow_infra.sources.charts import Chart
from learnflow_infra.system import tasks
from learnflow_infra.values import Computed, Layer, compute, warnings


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A release with the chart that it is installed from, and its computed values.

    `force_conflicts`: fields that others set are overwritten.
    """

    release: Release
    source: ChartSource
    chart: Chart
    computed: Computed
    force_conflicts: bool = False

    @property
    def installation(self) -> Installation:
        """The chart and values for helm."""
        return Installation(
            release=self.release.name,
            chart=self.chart.path,
            values=self.computed.values,
            set_arguments=self.computed.set_arguments,
            labels=marks.release_labels(self.chart.name),
            description=marks.described(self.computed.own_keys),
        )


def prepare(plan: Plan, emit: Emit) -> list[Prepared]:
    """Obtain the charts of a plan's releases concurrently, and compute the values, with warnings.

    Raises:
        ArtifactError: a chart cannot be obtained, or its digest is not the locked one.
        InputError: a values file is malformed, or has keys of another profile's chart.
    """
    prepared = compute_all(plan, emit)
    for text in warnings(plan.overrides, [item.computed for item in prepared]):
        emit(Message(text=f"Warning: {text}"))
    return prepared


def compute_all(plan: Plan, emit: Emit) -> list[Prepared]:
    """As `prepare`, without the warnings about values, which a run emits once."""
    if any(release.profiles[plan.target.profile].remote for release in plan.releases):
        helm_choice.ensure(emit)  # it pulls
    sources = tasks.complete(_obtain(plan, emit))
    pairs = zip(plan.releases, sources, strict=True)
    return [_prepared(plan, release, chart) for release, chart in pairs]


async def _obtain(plan: Plan, emit: Emit) -> list[Chart]:
    profile, locked = plan.target.profile, lockfile.read()
    work = (
        charts.obtain(
            release.profiles[profile],
            locked.chart(profile, release.name),
            plan.mirrors,
            emit,
            plan.dialect,
        )
        for release in plan.releases
    )
    return await tasks.together(*work)


def _prepared(plan: Plan, release: Release, chart: Chart) -> Prepared:
    source = release.profiles[plan.target.profile]

    below = _layers_below(plan, release, source)

    def computed(above: Sequence[Layer]) -> Computed:
        return compute(
            release.name,
            plan.target.profile,
            overrides=plan.overrides,
            chart=chart.defaults,
            below=below,
            above=above,
            dialect=plan.dialect,
        )

    values = computed(())
    mirrored = mirror.value_layer(values.effective, plan.mirrors, source.registry_keys)
    if mirrored:
        name = "--image-mirror " + ", ".join(map(str, plan.mirrors))
        values = computed([Layer(name=name, values=mirrored)])
    require_own_keys(release, plan.target.profile, values)
    return Prepared(
        release=release,
        source=source,
        chart=chart,
        computed=values,
        force_conflicts=plan.force_conflicts,
    )


def _layers_below(plan: Plan, release: Release, source: ChartSource) -> list[Layer]:
    """Values that files and flags override: computed by this program, or of an earlier deploy."""
    images: Values = {}
    for use in source.images:
        images = put(images, use.values, dict(vars(embedded.reference(use.recipe))))
    layers = [Layer(name="image built by this project", values=images)] if images else []
    target = plan.target
    address = target.node_address if target.tunnel else reach.of(target).address
    if address and source.host_address_key:
        values = put({}, source.host_address_key, address)
        layers.append(Layer(name=f"how this host reaches {plan.target.context}", values=values))
    live = plan.previous.get(release.name)
    if live is not None:
        without = compute(release.name, plan.target.profile, below=layers).values
        layers.append(reuse.layer(live, source, without))
    if foreign := plan.foreign.get(release.name):
        layers.append(foreign_revisions.layer(foreign, source))
    return layers
