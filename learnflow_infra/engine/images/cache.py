"""The cache of this host: pulled images and charts, in one OCI layout."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from learnflow_infra import skills
from learnflow_infra.clients import skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clusters import embedded
from learnflow_infra.events import Emit, step
from learnflow_infra.paths import cache_dir
from learnflow_infra.quantities import MIB
from learnflow_infra.references import Reference
from learnflow_infra.sources import bundle_file, mirror, preflight
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.sources.oci_layout import Layout
from learnflow_infra.sources.preflight import Unobtainable
from learnflow_infra.system import files
from learnflow_infra.system.processes import ended_on_error

AT_ONCE = 4


def each(
    references: Sequence[Reference], work: Callable[[Reference], object]
) -> list[Unobtainable]:
    """Call `work` for every reference, AT_ONCE at a time.

    Returns:
        The references whose registry refused, and why.
    """

    def attempt(reference: Reference) -> Unobtainable | None:
        try:
            work(reference)
        except RegistryError as error:
            return Unobtainable(reference=reference, fault=error.fault, message=str(error.why))
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool, ended_on_error():
        try:
            return [item for item in pool.map(attempt, references) if item]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def load(cluster: str, references: Sequence[Reference], emit: Emit) -> None:
    """Load images into an embedded cluster, from the cache or the registries.

    Raises:
        ArtifactError: some cannot be pulled.
        HostError: the disk is full, or skopeo cannot be installed.
    """
    layout = cache_layout()
    obtain(layout, references, emit)
    entries = layout.entries()
    names = [reference.exact for reference in references]
    layout.use([entries[name] for name in names])
    with scratch() as folder:
        bundle_file.pack(layout, [entries[name] for name in names], folder / "images.tar")
        embedded.load_archive(cluster, folder / "images.tar", names, emit=emit)


def missing(references: Sequence[Reference]) -> list[Reference]:
    """The images that the cache does not have."""
    layout = cache_layout()
    entries = layout.entries()
    return [
        reference
        for reference in references
        if reference.exact not in entries or not layout.has(entries[reference.exact])
    ]


def require_skopeo(emit: Emit) -> None:
    """Install skopeo where it is missing.

    Raises:
        HostError: it cannot be installed.
    """
    if not skopeo.installed():
        embedded.ensure_packages(skopeo.PACKAGES, emit=emit)


def cache_layout() -> Layout:
    """The OCI layout in the cache folder."""
    return Layout(root=cache_dir() / "oci")


def obtain(
    layout: Layout,
    references: Sequence[Reference],
    emit: Emit,
    *,
    mirrors: Sequence[Mirror] = (),
    portable: bool = False,
) -> None:
    """Pull images that the layout lacks; no request is sent for others.

    Args:
        layout: the cache.
        references: the images that it has to hold.
        emit: takes the events.
        mirrors: where images are pulled from; in the layout they keep their original names.
        portable: an image named by the digest of an index is pulled for all its platforms.

    Raises:
        ArtifactError: naming each image that cannot be pulled.
    """
    entries = layout.entries()

    def complete(reference: Reference) -> bool:
        entry = entries.get(reference.exact)
        if entry is None or not layout.has(entry):
            return False
        every_platform = portable and reference.digest
        return not every_platform or bool(entry.get("digest") == reference.digest)

    absent = [reference for reference in references if not complete(reference)]
    if not absent:
        return
    require_skopeo(emit)
    failed = each(absent, lambda ref: _pull(layout, ref, emit, mirrors, portable=portable))
    if failed:
        raise preflight.refusal(failed, skills.removed_images())


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
            progress=lambda size: running.progress(size, None, f"{size // MIB} MiB"),
        )
        entry = layout.absorb(folder / "dir", reference.exact)
        running.done(f"{sum(item['size'] for item in layout.of(entry)) / MIB:.1f} MiB")


def scratch() -> AbstractContextManager[Path]:
    """A temporary folder on the disk of the cache, so that files can be moved into it."""
    return files.scratch(cache_dir() / "tmp", "oci-")
