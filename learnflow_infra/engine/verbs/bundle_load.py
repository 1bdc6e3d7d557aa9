"""`bundle load`: bring the charts and images of a bundle into a cluster or a registry."""

from collections.abc import Sequence
from pathlib import Path

from learnflow_infra.clients import skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.images import cache, nodes
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.locations import Target
from learnflow_infra.references import parse
from learnflow_infra.remedy import Command
from learnflow_infra.sources import bundle_file, charts
from learnflow_infra.sources.bundle_file import Item
from learnflow_infra.sources.oci_layout import NAME, Descriptor, Layout


def load(file: Path, emit: Emit, *, context: str | None = None, registry: str = "") -> list[Item]:
    """Bring a bundle's charts into the cache, and its images into a cluster or a registry.

    Args:
        file: the bundle.
        emit: takes the events.
        context: of the cluster; None chooses it as a deploy does.
        registry: HOST[/PREFIX] to push to, instead of loading into a cluster.

    Raises:
        ArtifactError: the bundle is damaged, or a node or the registry does not take an image.
        ClusterUnreachableError: the cluster is a profile of minikube that cannot be used now.
        InputError: the file does not exist.
        RefusedError: the nodes of the cluster take images only from registries.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    options = Options(context=context, profile=targets.UPSTREAM)
    target = None if registry else planning.choose(options, emit)
    load_into = None
    if target:
        targets.require_usable(target)
        if not target.cluster:
            push = Command("bundle", "load", str(file), "--registry", "HOST/PREFIX")
            load_into = nodes.loader(target, push)
    with cache.scratch() as folder:
        with step(emit, "bundle/read", f"Check {file}") as running:
            unpacked = bundle_file.unpack(file, folder / "oci")
            entries = list(unpacked.entries().values())
            running.done(f"{len(entries)} charts and images, no digest differs", changed=None)
        layout = cache.cache_layout()
        _keep(unpacked, layout, entries)
    images = [item for item in entries if bundle_file.CHART not in item["annotations"]]
    if registry:
        _push(layout, entries, registry, emit)
    elif target and target.cluster:
        _into_embedded(images, target, target.cluster, emit)
    elif load_into:
        _into_nodes(layout, images, load_into, emit)
    return bundle_file.items(entries)


def _keep(unpacked: Layout, layout: Layout, entries: Sequence[Descriptor]) -> None:
    """Move all entries into the image cache, and copy the charts into the chart cache."""
    for item in entries:
        if bundle_file.CHART in item["annotations"]:
            _, _, archive = unpacked.of(item)
            charts.store(item["digest"], unpacked.blob(archive["digest"]))
    layout.adopt(unpacked, entries)


def _into_embedded(images: Sequence[Descriptor], target: Target, cluster: str, emit: Emit) -> None:
    if target.state == "running":
        cache.load(cluster, [parse(item["annotations"][NAME]) for item in images], emit)
    else:
        emit(Message(text=f"The cluster {cluster} does not run: the next deploy loads the images."))


def _into_nodes(
    layout: Layout, images: Sequence[Descriptor], load_into: nodes.Load, emit: Emit
) -> None:
    cache.require_skopeo(emit)
    for item in images:
        name = item["annotations"][NAME]
        if "@" in name:
            why = "named by its digest, which an archive for docker cannot hold"
            emit(Message(text=f"Warning: {name} is {why}: use --registry"))
            continue
        with step(emit, f"load/{name}", f"Load {name}"), cache.scratch() as folder:
            layout.spread(item, folder / "dir")
            skopeo.archive(folder / "dir", folder / "image.tar", name)
            load_into(folder / "image.tar")


def _digest(reference: str) -> str:
    """The digest of an image in a registry; "" if the registry lacks it.

    Raises:
        RegistryError: the registry does not answer, or refuses this user.
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
        destination = f"{registry.rstrip('/')}/{name.partition('/')[2]}"
        with (
            step(emit, f"push/{name}", f"Push {destination}") as running,
            cache.scratch() as folder,
        ):
            if _digest(destination) == item["digest"]:
                running.done("there", changed=False)
                continue
            layout.spread(item, folder / "dir")
            skopeo.push(folder / "dir", destination)
    sources = sorted({item["annotations"][NAME].partition("/")[0] for item in entries})
    flags = " ".join(f"--image-mirror {source}={registry.rstrip('/')}" for source in sources)
    emit(Message(text=f"Deploy with: {flags}"))
