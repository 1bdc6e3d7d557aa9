"""What each release is made of, before any cluster is touched: its chart and its values."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients.helm import Installation
from learnflow_infra.clusters import embedded, reach
from learnflow_infra.engine.request.session import Options, Request, read
from learnflow_infra.events import Emit, Message
from learnflow_infra.models import ChartSource, Document, Release
from learnflow_infra.sources import charts, lockfile, mirror
from learnflow_infra.sources.charts import Chart
from learnflow_infra.values import Computed, Layer, compute, warnings
from learnflow_infra.values.merge import put


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A release with the chart that it is installed from, and the values that helm gets."""

    release: Release
    source: ChartSource
    chart: Chart
    computed: Computed

    @property
    def installation(self) -> Installation:
        """What helm is asked to install."""
        return Installation(
            release=self.release.name,
            chart=self.chart.path,
            values=self.computed.values,
            set_arguments=self.computed.set_arguments,
        )


def values(options: Options, emit: Emit) -> list[Prepared]:
    """The chosen skills' releases, prepared; no cluster is asked.

    Raises:
        InputError: a value, a flag or a skill is wrong.
        ArtifactError: a chart cannot be had.
    """
    return prepare(read(options), emit)


def prepare(request: Request, emit: Emit) -> list[Prepared]:
    """Obtain the charts (at once) and compute the values of a request's releases.

    Raises:
        ArtifactError: a chart cannot be had, or is not the locked one.
        InputError: a values file is malformed.
    """
    profile = request.target.profile
    locked = lockfile.read()

    async def obtain() -> list[Chart]:
        return await asyncio.gather(
            *(
                charts.obtain(
                    release.profiles[profile],
                    locked.chart(profile, release.name),
                    request.mirrors,
                    emit,
                )
                for release in request.releases
            )
        )

    found = zip(request.releases, asyncio.run(obtain()), strict=True)
    prepared = [_prepared(request, release, chart) for release, chart in found]
    _warn(request, prepared, emit)
    return prepared


def _prepared(request: Request, release: Release, chart: Chart) -> Prepared:
    profile = request.target.profile
    source = release.profiles[profile]

    def computed(above: Sequence[Layer]) -> Computed:
        return compute(
            release.name,
            profile,
            overrides=request.overrides,
            chart=chart.values,
            chart_path=chart.path,
            below=_below(request, source),
            above=above,
        )

    plain = computed(())
    mirrored = mirror.value_layer(plain.seen, request.mirrors, source.registry_keys)
    name = "--image-mirror " + ", ".join(map(str, request.mirrors))
    final = computed([Layer(name=name, values=mirrored)]) if mirrored else plain
    return Prepared(release=release, source=source, chart=chart, computed=final)


def _below(request: Request, source: ChartSource) -> list[Layer]:
    """What this program knows and the operator may still change."""
    built: Document = {}
    for use in source.images:
        built = put(built, use.values, dict(vars(embedded.reference(use.recipe))))
    layers = [Layer(name="image built by this project", values=built)] if built else []
    address = reach.of(request.target).address
    if address and source.host_address_key:
        values = put({}, source.host_address_key, address)
        layers.append(Layer(name=f"how this host reaches {request.target.context}", values=values))
    return layers


def _warn(request: Request, prepared: Sequence[Prepared], emit: Emit) -> None:
    schemas = {item.release.name: item.chart.schema for item in prepared}
    for text in warnings(request.overrides, [item.computed for item in prepared], schemas):
        emit(Message(text=f"Warning: {text}"))
