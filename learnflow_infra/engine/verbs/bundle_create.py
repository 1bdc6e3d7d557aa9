"""`bundle create`: the charts and images of a deploy in one file, for use without registries."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from learnflow_infra.clients import skopeo
from learnflow_infra.engine.images import cache, required
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import Prepared, prepare
from learnflow_infra.errors import InputError, RefusedError
from learnflow_infra.events import Emit, step
from learnflow_infra.quantities import MIB
from learnflow_infra.references import Reference, parse
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import bundle_file, charts, lockfile, mirror
from learnflow_infra.sources.bundle_file import Item
from learnflow_infra.sources.lockfile import LockedChart
from learnflow_infra.sources.mirror import SCHEME, Mirror
from learnflow_infra.sources.oci_layout import Descriptor, Layout


def create(options: Options, file: Path, emit: Emit) -> list[Item]:
    """Write a bundle of everything that a deploy with these options takes from registries.

    Images keep the names that the manifests use; mirrors only serve the copies.

    Raises:
        RefusedError: a chart is not locked, or the profile takes nothing from registries.
        ArtifactError: a chart or an image cannot be obtained.
        InputError: the file's folder does not exist.
    """
    plan = planning.without_cluster(options, emit)
    if not file.parent.is_dir():
        raise InputError(f"There is no folder {file.parent}.", remedy=f"mkdir -p {file.parent}")
    locked = _locked(plan)
    prepare(plan, emit)  # through the mirrors, into the cache; below without them
    prepared = prepare(replace(plan, mirrors=()), emit)
    references = _images(prepared, options.namespace, emit)
    layout = cache.cache_layout()
    cache.obtain(layout, references, emit, mirrors=plan.mirrors, portable=True)
    entries = layout.entries()
    chosen = [entries[reference.exact] for reference in references]
    chosen += [_chart(layout, chart, plan.mirrors, emit) for chart in locked]
    with step(emit, "bundle", f"Write {file}") as running:
        bundle_file.pack(layout, chosen, file)
        running.done(f"{file.stat().st_size / MIB:.1f} MiB")
    return bundle_file.items(chosen)


def _locked(plan: Plan) -> list[LockedChart]:
    profile, lock = plan.target.profile, lockfile.read()
    remote = [r for r in plan.releases if r.profiles[profile].remote]
    if not remote:
        raise RefusedError(
            f"The profile {profile} takes nothing from registries.",
            why="Its charts are in this checkout, and its images are built on this machine.",
            remedy=Remedy(Command("bundle", "create", "--profile", "upstream", "FILE")),
        )
    missing = [r.name for r in remote if lock.chart(profile, r.name) is None]
    if missing:
        raise RefusedError(
            f"Not every chart is locked: {', '.join(missing)}.",
            why="A bundle holds charts by their digests in charts-values/charts.lock.",
            remedy=Remedy(charts.RELOCK),
        )
    return [chart for r in remote if (chart := lock.chart(profile, r.name))]


def _images(prepared: Sequence[Prepared], namespace: str, emit: Emit) -> list[Reference]:
    manifests = render(prepared, namespace, emit)
    objects = {
        item.release.name: manifest.objects
        for item, manifest in zip(prepared, manifests, strict=True)
    }
    images = required.required_images(prepared, objects)
    references = {reference.exact: reference for reference in map(parse, images)}
    return [references[exact] for exact in sorted(references)]


def _chart(layout: Layout, chart: LockedChart, mirrors: Sequence[Mirror], emit: Emit) -> Descriptor:
    """The locked chart in the layout; copied by its digest if the layout lacks it."""
    bare = chart.chart.removeprefix(SCHEME)
    name = f"{bare}:{chart.version}"
    entry = layout.entries().get(name)
    if entry and entry["digest"] == chart.digest and layout.has(entry):
        return entry
    cache.require_skopeo(emit)
    title = f"Chart {PurePosixPath(bare).name} {chart.version}"
    with step(emit, f"chart/{bare}", title), cache.scratch() as folder:
        skopeo.pull(mirror.rewrite(f"{bare}@{chart.digest}", mirrors), folder / "dir")
        return layout.absorb(folder / "dir", name, **{bundle_file.CHART: chart.chart})
