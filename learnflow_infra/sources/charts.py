"""Charts: folders of a skill, or archives from an OCI registry, cached by digest."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from learnflow_infra.clients import helm_pull
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.errors import ArtifactError, InputError, RefusedError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import ChartSource
from learnflow_infra.paths import cache_dir
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import mirror
from learnflow_infra.sources.chart_files import read_files
from learnflow_infra.sources.chart_reading import Chart, read
from learnflow_infra.sources.lockfile import LockedChart
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.system import files

__all__ = ["RELOCK", "Chart", "cached", "latest", "obtain", "pull", "read", "store"]
RELOCK = Command("chart", "lock")


async def obtain(
    source: ChartSource,
    locked: LockedChart | None,
    mirrors: Sequence[Mirror],
    emit: Emit,
    dialect: Dialect = HELM_4,
) -> Chart:
    """The chart of a source: read from its folder, from the cache, or pulled.

    A locked chart is pulled by its digest, and only if the cache does not have it.

    Raises:
        RefusedError: the lock names another chart or version, or the registry has another
            digest.
        ArtifactError: it cannot be pulled or stored.
    """
    if not source.remote:
        return read(Path(source.chart), dialect)
    if locked is None:
        chart = await latest(source, mirrors, emit, dialect)
        unlocked = f"{source.chart} {source.version} is not locked"
        emit(Message(text=f"{unlocked}; the verb `chart lock` pins its digest"))
        return chart
    require_locked(source, locked)
    if cached(locked.digest) is None:
        await _pull_locked(source, locked, mirrors, emit)
    return _cached_chart(source, locked.digest, dialect)


async def latest(
    source: ChartSource, mirrors: Sequence[Mirror], emit: Emit, dialect: Dialect = HELM_4
) -> Chart:
    """Pull the chart that the registry has now for the source's version; ignore lock and cache.

    Raises:
        ArtifactError: it cannot be pulled, or its version differs from its tag.
    """
    return _cached_chart(source, await pull(source, mirrors, emit), dialect)


def require_locked(source: ChartSource, locked: LockedChart) -> None:
    """Compare a skill's chart with the locked one.

    Raises:
        RefusedError: chart or version differ.
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
    """Pull by digest. If the registry lost that, pull by version and compare the digests."""
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
            remedy=Remedy("Find out who changed it; if you trust it, accept it: ", RELOCK),
        ) from None


def _cached_chart(source: ChartSource, digest: str, dialect: Dialect) -> Chart:
    """Read a chart that is in the cache."""
    path = cached(digest)
    if path is None:
        raise ArtifactError(
            f"The chart {source.chart} is not in the cache, though it was pulled.",
            why=f"Another program removes or damages files in {_folder(digest)}.",
        )
    chart = replace(read(path, dialect), reference=source.chart, digest=digest)
    if chart.version != source.version:
        raise ArtifactError(
            f"The registry serves the chart {chart.name} {chart.version} as {source.version}.",
            why=f"The tag of {source.chart} differs from the version in its Chart.yaml.",
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
        pulled = await helm_pull.pull(reference, folder, version=source.version, digest=digest)
        for archive in folder.glob("*.tgz"):
            _require_readable(archive, reference, source.version)
            store(pulled, archive)
        running.done(f"pulled from {reference}", changed=None)  # into the cache alone
    return pulled


def _require_readable(archive: Path, reference: str, version: str) -> None:
    """Raise an error for a layer that is no archive, though its digest is right.

    Raises:
        RegistryError: naming the chart in its registry.
    """
    try:
        read_files(archive)
    except InputError as error:
        why = f"Its content is not a chart archive: {error.why}"
        raise helm_pull.explained(reference, version, why) from error


def cached(digest: str) -> Path | None:
    """The archive of a manifest's digest; None if it is missing or damaged.

    The archive's name is its own SHA-256, which is compared on each read.
    """
    for path in _folder(digest).glob("*.tgz"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == path.stem:
            return path
    return None


def store(digest: str, archive: Path) -> Path:
    """Store an archive in the cache under its manifest's digest, atomically.

    Raises:
        ArtifactError: the cache cannot be written.
    """
    data = archive.read_bytes()
    with _writing():
        path = _folder(digest) / f"{hashlib.sha256(data).hexdigest()}.tgz"
        files.replace(path, data)
        for other in path.parent.glob("*.tgz"):
            if other != path:  # an archive whose content does not match its name
                other.unlink(missing_ok=True)
    return path


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"Charts cannot be stored in {cache_dir()}.",
            why=error.strerror or str(error),
            remedy="Make it writable for you, and free some disk; or name another folder: "
            "XDG_CACHE_HOME",
        ) from error


def _folder(digest: str) -> Path:
    return cache_dir() / "charts" / digest.removeprefix("sha256:")
