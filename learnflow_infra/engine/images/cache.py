"""Images and charts copied to this host, in the cache as one OCI layout."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from learnflow_infra import skills
from learnflow_infra.clients import skopeo
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clusters import embedded
from learnflow_infra.events import Emit, Step, step
from learnflow_infra.paths import cache_dir
from learnflow_infra.references import Reference
from learnflow_infra.sources import bundle_file, mirror, preflight
from learnflow_infra.sources.layout import Layout
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.sources.preflight import Unobtainable
from learnflow_infra.system import files

AT_ONCE = 4
_MIB = 1 << 20


def each(
    references: Sequence[Reference], work: Callable[[Reference], object]
) -> list[Unobtainable]:
    """Do the work for every reference, a few at once; returns those that failed."""

    def attempt(reference: Reference) -> Unobtainable | None:
        try:
            work(reference)
        except RegistryError as error:
            return Unobtainable(reference=reference, fault=error.fault, message=str(error.why))
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
        bundle_file.pack(layout, [entries[name] for name in names], folder / "images.tar")
        embedded.load_archive(cluster, folder / "images.tar", names, emit=emit)


def require_skopeo(emit: Emit) -> None:
    """Install skopeo where it is missing.

    Raises:
        HostError: it cannot be installed.
    """
    if not skopeo.installed():
        embedded.ensure_packages(skopeo.PACKAGES, emit=emit)


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
            seen=_noter(running),
        )
        entry = layout.absorb(folder / "dir", reference.exact)
        running.done(f"{sum(item['size'] for item in layout.of(entry)) / _MIB:.1f} MiB")


def _noter(running: Step) -> Callable[[int], None]:
    return lambda size: running.progress(size, None, f"{size // _MIB} MiB")


def scratch() -> AbstractContextManager[Path]:
    """A folder for this run alone, on the disk of the cache."""
    return files.scratch(cache_dir() / "tmp", "oci-")
