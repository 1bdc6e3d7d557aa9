"""Bundles: the charts and images of a deploy in one file, for where no registry is reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from learnflow_infra.clients import skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.clusters import embedded, minikube
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.images import cache, required
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options, Plan
from learnflow_infra.engine.request.prepare import Prepared, prepare
from learnflow_infra.errors import InputError, RefusedError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.references import Reference, parse
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import bundle_file, charts, lockfile, mirror
from learnflow_infra.sources.layout import NAME, Descriptor, Layout
from learnflow_infra.sources.lockfile import LockedChart
from learnflow_infra.sources.mirror import SCHEME, Mirror

CHART = "learnflow.infra/chart"
"""The annotation that tells a chart from an image: `oci://...`, as a skill names it."""
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Item:
    """A chart or an image of a bundle; `chart` is its `oci://` reference, "" for an image."""

    reference: str
    digest: str
    chart: str = ""


def create(options: Options, file: Path, emit: Emit) -> list[Item]:
    """Write a bundle of everything that a deploy with these options takes from registries.

    Images have the names that manifests give them; mirrors only tell where to copy from.

    Raises:
        RefusedError: a chart is not locked, or the profile takes nothing from registries.
        ArtifactError: a chart or an image cannot be had.
        InputError: the file's folder does not exist.
    """
    plan = planning.without_cluster(options)
    if not file.parent.is_dir():
        raise InputError(f"There is no folder {file.parent}.", remedy=f"mkdir -p {file.parent}")
    locked = _locked(plan)
    prepare(plan, emit)  # through the mirrors, into the cache; below without them
    prepared = prepare(replace(plan, mirrors=()), emit)
    references = _images(prepared, options.namespace)
    layout = cache.cache_layout()
    cache.obtain(layout, references, emit, mirrors=plan.mirrors, portable=True)
    entries = layout.entries()
    chosen = [entries[reference.exact] for reference in references]
    chosen += [_chart(layout, chart, plan.mirrors, emit) for chart in locked]
    with step(emit, "bundle", f"Write {file}") as running:
        bundle_file.pack(layout, chosen, file)
        running.done(f"{file.stat().st_size / _MIB:.1f} MiB")
    return _items(chosen)


def _locked(plan: Plan) -> list[LockedChart]:
    profile, known = plan.target.profile, lockfile.read()
    remote = [r for r in plan.releases if r.profiles[profile].remote]
    if not remote:
        raise RefusedError(
            f"The profile {profile} takes nothing from registries.",
            why="Its charts are in this checkout, and its images are built on this machine.",
            remedy=Remedy(Command("bundle", "create", "--profile", "upstream", "FILE")),
        )
    missing = [r.name for r in remote if known.chart(profile, r.name) is None]
    if missing:
        raise RefusedError(
            f"Not every chart is locked: {', '.join(missing)}.",
            why="A bundle holds charts by their digests in charts-values/charts.lock.",
            remedy=Remedy(charts.RELOCK),
        )
    return [chart for r in remote if (chart := known.chart(profile, r.name))]


def _images(prepared: Sequence[Prepared], namespace: str) -> list[Reference]:
    manifests = render(prepared, namespace)
    objects = {
        item.release.name: manifest.objects
        for item, manifest in zip(prepared, manifests, strict=True)
    }
    images = required.required_images(prepared, objects)
    references = {reference.exact: reference for reference in map(parse, images)}
    return [references[exact] for exact in sorted(references)]


def _chart(layout: Layout, chart: LockedChart, mirrors: Sequence[Mirror], emit: Emit) -> Descriptor:
    """The locked chart in the layout, copied by its digest unless it is there."""
    bare = chart.chart.removeprefix(SCHEME)
    name = f"{bare}:{chart.version}"
    entry = layout.entries().get(name)
    if entry and entry["digest"] == chart.digest and layout.has(entry):
        return entry
    cache.require_skopeo(emit)
    title = f"Chart {PurePosixPath(bare).name} {chart.version}"
    with step(emit, f"chart/{bare}", title), cache.scratch() as folder:
        skopeo.pull(mirror.rewrite(f"{bare}@{chart.digest}", mirrors), folder / "dir")
        return layout.absorb(folder / "dir", name, **{CHART: chart.chart})


def _items(descriptors: Sequence[Descriptor]) -> list[Item]:
    return [
        Item(
            reference=item["annotations"][NAME],
            digest=item["digest"],
            chart=item["annotations"].get(CHART, ""),
        )
        for item in descriptors
    ]


def load(file: Path, emit: Emit, *, context: str | None = None, registry: str = "") -> list[Item]:
    """Bring a bundle's charts into the cache, and its images into a cluster or a registry.

    Args:
        file: the bundle.
        emit: takes the events.
        context: the cluster; chosen as by a deploy when it is None.
        registry: HOST[/PREFIX] that everything is pushed to, instead of into a cluster.

    Raises:
        ArtifactError: the bundle is damaged, or the registry does not take it.
        InputError: the file does not exist.
        RefusedError: the cluster is one that only pulls from registries.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    target = None if registry else targets.choose(context, targets.UPSTREAM)
    if target and target.kind == "context":
        raise RefusedError(
            f"Images cannot be loaded into the cluster of the context {target.context}.",
            why="Its nodes take images from a registry.",
            remedy=Remedy(Command("bundle", "load", str(file), "--registry", "HOST/PREFIX")),
        )
    with cache.scratch() as folder:
        with step(emit, "bundle/read", f"Check {file}") as running:
            found = bundle_file.unpack(file, folder / "oci")
            entries = list(found.entries().values())
            running.done(f"{len(entries)} charts and images, no digest differs", changed=None)
        layout = cache.cache_layout()
        _keep(found, layout, entries)
    wanted = [item for item in entries if CHART not in item["annotations"]]
    if registry:
        _push(layout, entries, registry, emit)
    elif target and target.cluster:
        _into_embedded(wanted, target.cluster, emit)
    elif target:
        _into_minikube(layout, wanted, target.context, emit)
    return _items(entries)


def _keep(found: Layout, layout: Layout, entries: Sequence[Descriptor]) -> None:
    """Move everything into the cache, the charts also to where a deploy looks for them."""
    for item in entries:
        if CHART in item["annotations"]:
            _, _, archive = found.of(item)
            charts.store(item["digest"], found.blob(archive["digest"]))
    layout.adopt(found, entries)


def _into_embedded(wanted: Sequence[Descriptor], cluster: str, emit: Emit) -> None:
    if embedded.status(cluster).state == "running":
        cache.load(cluster, [parse(item["annotations"][NAME]) for item in wanted], emit)
    else:
        emit(Message(text=f"The cluster {cluster} does not run: the next deploy loads the images."))


def _into_minikube(layout: Layout, wanted: Sequence[Descriptor], profile: str, emit: Emit) -> None:
    cache.require_skopeo(emit)
    for item in wanted:
        name = item["annotations"][NAME]
        if "@" in name:
            text = f"{name} is named by its digest, which minikube cannot load: use --registry"
            emit(Message(text=f"Warning: {text}"))
            continue
        with step(emit, f"load/{name}", f"Load {name}"), cache.scratch() as folder:
            layout.spread(item, folder / "dir")
            skopeo.archive(folder / "dir", folder / "image.tar", name)
            minikube.load(profile, folder / "image.tar")


def _there(reference: str) -> str:
    """The digest that a registry has; "" where it has none yet.

    Raises:
        RegistryError: it does not answer, or not to this user.
    """
    try:
        return skopeo.digest(reference)
    except RegistryError as error:
        if error.fault is not Fault.missing:
            raise
        return ""


def _push(layout: Layout, entries: Sequence[Descriptor], registry: str, emit: Emit) -> None:
    cache.require_skopeo(emit)
    for item in entries:
        name = item["annotations"][NAME]
        to = f"{registry.rstrip('/')}/{name.partition('/')[2]}"
        with step(emit, f"push/{name}", f"Push {to}") as running, cache.scratch() as folder:
            if _there(to) == item["digest"]:
                running.done("there", changed=False)
                continue
            layout.spread(item, folder / "dir")
            skopeo.push(folder / "dir", to)
    sources = sorted({item["annotations"][NAME].partition("/")[0] for item in entries})
    flags = " ".join(f"--image-mirror {source}={registry.rstrip('/')}" for source in sources)
    emit(Message(text=f"Deploy with: {flags}"))
