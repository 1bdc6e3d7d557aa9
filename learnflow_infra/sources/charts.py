"""Charts: folders of a skill, or archives from an OCI registry, kept in the cache by digest."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from learnflow_infra.clients import helm_pull
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.errors import ArtifactError, RefusedError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import ChartSource
from learnflow_infra.paths import cache_dir
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import mirror
from learnflow_infra.sources.lockfile import LockedChart
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.sources.reading import Chart, read
from learnflow_infra.system import files

__all__ = ["RELOCK", "Chart", "cached", "latest", "obtain", "pull", "read", "store"]
RELOCK = Command("chart", "lock")


async def obtain(
    source: ChartSource, locked: LockedChart | None, mirrors: Sequence[Mirror], emit: Emit
) -> Chart:
    """The chart of a source: read from its folder, from the cache, or pulled.

    What is locked is pulled by its digest, once: no registry is asked while the cache has it.

    Raises:
        RefusedError: the lock is of another chart or version, or of another digest than the
            registry has.
        ArtifactError: it cannot be pulled, or kept.
    """
    if not source.remote:
        return read(Path(source.chart))
    if locked is None:
        chart = await latest(source, mirrors, emit)
        unlocked = f"{source.chart} {source.version} is not locked"
        emit(Message(text=f"{unlocked}; the verb `chart lock` pins its digest"))
        return chart
    require_locked(source, locked)
    if cached(locked.digest) is None:
        await _pull_locked(source, locked, mirrors, emit)
    return _at_hand(source, locked.digest)


async def latest(source: ChartSource, mirrors: Sequence[Mirror], emit: Emit) -> Chart:
    """What the registry has now as the source's version, whatever was locked or is cached.

    Raises:
        ArtifactError: it cannot be pulled, or is another version than its tag tells.
    """
    return _at_hand(source, await pull(source, mirrors, emit))


def require_locked(source: ChartSource, locked: LockedChart) -> None:
    """A skill's chart must be the one that the lock has.

    Raises:
        RefusedError: it is another chart or version.
    """
    if (locked.chart, locked.version) != (source.chart, source.version):
        raise RefusedError(
            f"The chart {source.chart} {source.version} is not the locked one.",
            why=f"skill.yaml asks for it; charts.lock has {locked.chart} {locked.version}.",
            remedy=Remedy("Accept it: ", RELOCK),
        )


async def _pull_locked(
    source: ChartSource, locked: LockedChart, mirrors: Sequence[Mirror], emit: Emit
) -> None:
    """Pull by digest. Where that is gone, what the version is now tells whether it was moved."""
    try:
        await pull(source, mirrors, emit, digest=locked.digest)
    except RegistryError as error:
        if error.fault is not Fault.missing:
            raise
        digest = await pull(source, mirrors, emit)
        if digest == locked.digest:
            return
        raise RefusedError(
            f"The chart {source.chart} {source.version} is not the one that was locked.",
            why=f"charts.lock expects {locked.digest}\nthe registry has    {digest}",
            remedy=Remedy("Find out who changed it; if it is to be trusted, accept it: ", RELOCK),
        ) from None


def _at_hand(source: ChartSource, digest: str) -> Chart:
    """The chart of a digest that was just found or put in the cache."""
    path = cached(digest)
    if path is None:
        raise ArtifactError(
            f"The chart {source.chart} is not in the cache, though it was pulled.",
            why=f"Somebody removes or damages files in {_folder(digest)}.",
        )
    chart = replace(read(path), reference=source.chart, digest=digest)
    if chart.version != source.version:
        raise ArtifactError(
            f"The registry gives the chart {chart.name} {chart.version} as {source.version}.",
            why=f"{source.chart} has a tag that does not tell what it holds.",
            remedy="Correct `version` in skill.yaml, or the registry's tag.",
        )
    return chart


async def pull(
    source: ChartSource, mirrors: Sequence[Mirror], emit: Emit, *, digest: str = ""
) -> str:
    """Pull a chart into the cache, by version or by digest.

    Returns:
        The digest of its manifest.

    Raises:
        ArtifactError: with cause and remedy.
    """
    reference = mirror.rewrite(source.chart, mirrors)
    name = PurePosixPath(source.chart).name
    title = f"Chart {name} {source.version}"
    with (
        step(emit, f"chart/{name}", title) as running,
        _writing(),
        files.scratch(cache_dir() / "tmp") as folder,
    ):
        got = await helm_pull.pull(reference, folder, version=source.version, digest=digest)
        for archive in folder.glob("*.tgz"):
            store(got, archive)
        running.done(f"pulled from {reference}", changed=None)  # into the cache alone
    return got


def cached(digest: str) -> Path | None:
    """The archive of a manifest's digest, unless it is missing or damaged.

    Its own SHA-256 is its name, and is compared each time.
    """
    for path in _folder(digest).glob("*.tgz"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == path.stem:
            return path
    return None


def store(digest: str, archive: Path) -> Path:
    """Keep an archive under its manifest's digest; readers see all of it or nothing.

    Raises:
        ArtifactError: the cache cannot be written.
    """
    data = archive.read_bytes()
    with _writing():
        path = _folder(digest) / f"{hashlib.sha256(data).hexdigest()}.tgz"
        files.replace(path, data)
        for other in path.parent.glob("*.tgz"):
            if other != path:  # of another content: a damaged name
                other.unlink(missing_ok=True)
    return path


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"Charts cannot be kept in {cache_dir()}.",
            why=error.strerror or str(error),
            remedy="Make it writable for you, and free some disk; or name another folder: "
            "XDG_CACHE_HOME",
        ) from error


def _folder(digest: str) -> Path:
    return cache_dir() / "charts" / digest.removeprefix("sha256:")
