"""The images that a deploy needs, where the cluster can have them.

The embedded cluster gets them from this host: skopeo copies them into the cache, with the
host's credentials, proxies and loopback, and the node imports them. Of other clusters the
nodes pull themselves; here is only asked whether the images exist.
"""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from learnflow_infra.clients import skopeo
from learnflow_infra.clients.kube import ApiError
from learnflow_infra.clients.skopeo import Fault, RegistryError
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import packages
from learnflow_infra.clusters.embedded.image_recipe import REGISTRY as BUILT_HERE
from learnflow_infra.engine.prepare import Prepared
from learnflow_infra.engine.session import Session
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, Message, Step, step
from learnflow_infra.models import Document, ReleaseName
from learnflow_infra.outputs import placeholders
from learnflow_infra.paths import cache_dir
from learnflow_infra.sources import bundle, mirror, preflight
from learnflow_infra.sources.images import by_operator, images_of
from learnflow_infra.sources.layout import Layout
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.sources.preflight import Unobtainable
from learnflow_infra.sources.reference import Reference, parse

AT_ONCE = 4
_MIB = 1 << 20
_NODES_MAY = {Fault.unreachable, Fault.passing, Fault.limited, Fault.tls, Fault.other}
"""Faults that a node of another cluster need not have, as this host does."""


def wanted(
    prepared: Sequence[Prepared], objects: Mapping[ReleaseName, Sequence[Document]]
) -> set[str]:
    """The images of the manifests, and those that operators will use.

    Raises:
        InputError: an operator has no image of the version that is asked.
    """
    found = {image for release in objects.values() for image in images_of(release)}
    for item in prepared:
        for rule in item.source.operator_images:
            known = by_operator(objects.get(rule.release, ()), rule.env)
            key = placeholders.fill(rule.key, {"values": item.computed.seen})
            if known and key not in known:
                raise InputError(
                    f"{rule.release} has no image of {item.release.name} {key}.",
                    why=f"It has: {', '.join(sorted(known))}",
                    remedy=f"Ask for one of these: --set {item.release.name}.version=…",
                )
            found |= {known[key]} if known else set()
    return found


def live(session: Session) -> set[str]:
    """The images of the pods that are there: they need not be asked for again."""
    return images_of(session.kube.items(f"/api/v1/namespaces/{session.namespace}/pods"))


def ensure(session: Session, wanted: Collection[str], live: Collection[str], emit: Emit) -> None:
    """See that the cluster has the images, or can have them.

    Args:
        session: the cluster.
        wanted: references as manifests have them.
        live: those that run already; they are not asked for, nor are those the nodes have.
        emit: takes the events.

    Raises:
        ArtifactError: naming each image that cannot be had, why, and the remedy.
        InputError: a reference is malformed.
    """
    name = session.target.cluster
    known = _exact(live) | _exact(embedded.known_images(name) if name else _of_nodes(session))
    needed = {text: parse(text) for text in wanted}
    absent = {ref.exact: ref for ref in needed.values() if ref.registry != BUILT_HERE}
    references = [absent[exact] for exact in sorted(absent) if exact not in known]
    if not references:
        with step(emit, "images", "Images of registries") as running:
            running.done("all there", changed=False)
    elif name:
        load(name, references, emit)
    else:
        check(references, emit)


def _exact(texts: Collection[str]) -> set[str]:
    """As containerd names them; Docker tells of images without a name, too."""
    found = set()
    for text in texts:
        try:
            found.add(parse(text).exact)
        except InputError:
            continue
    return found


def _of_nodes(session: Session) -> set[str]:
    """What the nodes list; empty for users who may not see them."""
    try:
        nodes = session.kube.items("/api/v1/nodes")
    except ApiError:
        return set()
    images = [image for node in nodes for image in node["status"].get("images") or ()]
    return {name for image in images for name in image.get("names") or ()}


def check(references: Sequence[Reference], emit: Emit) -> None:
    """Ask the registries whether they have the images.

    Raises:
        ArtifactError: they have not.
    """
    if not skopeo.installed():
        emit(
            Message(
                text=f"Not checked whether {len(references)} images exist: skopeo is missing "
                "(package: skopeo)."
            )
        )
        return
    with step(emit, "images", "Do the images exist?") as running:
        found = each(references, lambda ref: skopeo.digest(ref.exact))
        for item in found:
            if item.fault in _NODES_MAY:
                emit(Message(text=f"Warning: this host cannot tell of {item.line}"))
        certain = [item for item in found if item.fault not in _NODES_MAY]
        if certain:
            raise preflight.refusal(certain)
        running.done(f"{len(references)} images", changed=None)


def each(
    references: Sequence[Reference], work: Callable[[Reference], object]
) -> list[Unobtainable]:
    """Do the work for every reference, a few at once; returns those that failed."""

    def attempt(reference: Reference) -> Unobtainable | None:
        try:
            work(reference)
        except RegistryError as error:
            return Unobtainable(reference=reference, fault=error.fault, words=error.why)
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool, skopeo.ended_on_error():
        try:
            return [item for item in pool.map(attempt, references) if item]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def load(cluster: str, references: Sequence[Reference], emit: Emit) -> None:
    """Bring images into an embedded cluster, from the cache or the registries.

    Raises:
        ArtifactError: some cannot be had.
        HostError: the disk is full, or skopeo cannot be installed.
    """
    layout = cached()
    obtain(layout, references, emit)
    entries = layout.entries()
    names = [reference.exact for reference in references]
    layout.use([entries[name] for name in names])
    with scratch() as folder:
        bundle.pack(layout, [entries[name] for name in names], folder / "images.tar")
        embedded.load_archive(cluster, folder / "images.tar", names, emit=emit)


def require_skopeo(emit: Emit) -> None:
    """Install skopeo where it is missing.

    Raises:
        HostError: it cannot be installed.
    """
    if not skopeo.installed():
        packages.ensure_packages(skopeo.PACKAGES, emit=emit)


def cached() -> Layout:
    """The images and charts that were copied before."""
    return Layout(root=cache_dir() / "oci")


def obtain(
    layout: Layout,
    references: Sequence[Reference],
    emit: Emit,
    *,
    mirrors: Sequence[Mirror] = (),
    portable: bool = False,
) -> None:
    """Copy into the layout what it lacks; no registry is asked for what it has.

    Args:
        layout: the cache.
        references: what is needed.
        emit: takes the events.
        mirrors: where they are taken from; the layout has them by their own names.
        portable: what is named by the digest of several platforms must be there for all.

    Raises:
        ArtifactError: naming each image that cannot be had.
    """
    entries = layout.entries()

    def there(reference: Reference) -> bool:
        entry = entries.get(reference.exact)
        whole = (
            not portable or not reference.digest or (entry or {}).get("digest") == reference.digest
        )
        return entry is not None and whole and layout.has(entry)

    lacking = [reference for reference in references if not there(reference)]
    if not lacking:
        return
    require_skopeo(emit)
    failed = each(lacking, lambda ref: _pull(layout, ref, emit, mirrors, portable=portable))
    if failed:
        raise preflight.refusal(failed)


def _pull(
    layout: Layout,
    reference: Reference,
    emit: Emit,
    mirrors: Sequence[Mirror],
    *,
    portable: bool,
) -> None:
    title = f"Image {reference}"
    with step(emit, f"image/{reference.repository}", title) as running, scratch() as folder:
        skopeo.pull(
            mirror.rewrite(reference.exact, mirrors),
            folder / "dir",
            every_platform=portable and bool(reference.digest),
            seen=_noter(running),
        )
        entry = layout.absorb(folder / "dir", reference.exact)
        running.done(f"{sum(item['size'] for item in layout.of(entry)) / _MIB:.1f} MiB")


def _noter(running: Step) -> Callable[[int], None]:
    return lambda size: running.progress(size, None, f"{size // _MIB} MiB")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of the cache for this run alone, on the same disk as what comes of it."""
    parent = cache_dir() / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="oci-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
