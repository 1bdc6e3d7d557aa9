"""Charts: folders of a skill, or archives from an OCI registry, kept in the cache by digest."""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from learnflow_infra import documents
from learnflow_infra.clients import helm
from learnflow_infra.clients.helm import ChartMissingError
from learnflow_infra.errors import ArtifactError, InputError, RefusedError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import ChartSource, Document
from learnflow_infra.paths import cache_dir
from learnflow_infra.sources import mirror
from learnflow_infra.sources.lock import LockedChart
from learnflow_infra.sources.mirror import Mirror

RELOCK = "learnflow-infra chart lock"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart at hand.

    `path` is what helm is given: a folder, or an archive in the cache. `digest` is that of
    the OCI manifest, "" for a folder. `values` are the defaults, those of packed
    dependencies below their names.
    """

    name: str
    version: str
    path: Path
    values: Document
    schema: Document | None
    crds: tuple[Document, ...]
    reference: str = ""
    digest: str = ""


async def obtain(
    source: ChartSource, locked: LockedChart | None, mirrors: Sequence[Mirror], emit: Emit
) -> Chart:
    """The chart of a source: read from its folder, from the cache, or pulled.

    What is locked is pulled by its digest, once: no registry is asked while the cache has it.

    Raises:
        RefusedError: the lock is of another chart or version, or of another digest than the
            registry has.
        ArtifactError: it cannot be pulled.
    """
    if not source.remote:
        return read(Path(source.chart))
    if locked is None:
        return await _unlocked(source, mirrors, emit)
    if (locked.chart, locked.version) != (source.chart, source.version):
        raise RefusedError(
            f"The chart {source.chart} {source.version} is not the locked one.",
            why=f"charts.lock has {locked.chart} {locked.version}.",
            remedy=f"Accept it: {RELOCK}",
        )
    found = cached(locked.digest) or await _pull_locked(source, locked, mirrors, emit)
    return replace(read(found), reference=source.chart, digest=locked.digest)


async def _pull_locked(
    source: ChartSource, locked: LockedChart, mirrors: Sequence[Mirror], emit: Emit
) -> Path:
    try:
        await pull(source, mirrors, emit, digest=locked.digest)
    except ChartMissingError:
        digest = await pull(source, mirrors, emit)
        if digest != locked.digest:
            raise RefusedError(
                f"The chart {source.chart} {source.version} has changed.",
                why=f"charts.lock has {locked.digest}; the registry has {digest}.",
                remedy=f"If it is to be trusted, accept it: {RELOCK}",
            ) from None
    found = cached(locked.digest)
    if found is None:
        raise ArtifactError(f"The registry sent another chart than {locked.digest}.")
    return found


async def _unlocked(source: ChartSource, mirrors: Sequence[Mirror], emit: Emit) -> Chart:
    digest = await pull(source, mirrors, emit)
    emit(Message(text=f"{source.chart} {source.version} is not locked; pin it: {RELOCK}"))
    found = cached(digest)
    if found is None:
        raise ArtifactError(f"The chart {source.chart} is not in the cache, though it was pulled.")
    return replace(read(found), reference=source.chart, digest=digest)


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
    name = f"{PurePosixPath(source.chart).name} {source.version}"
    with (
        step(emit, f"chart/{PurePosixPath(source.chart).name}", f"Chart {name}") as running,
        tempfile.TemporaryDirectory(dir=_made(cache_dir() / "tmp")) as folder,
    ):
        got = await helm.pull(reference, Path(folder), version=source.version, digest=digest)
        store(got, _archive(Path(folder)))
        running.done(f"pulled from {reference}")
    return got


def _archive(folder: Path) -> Path:
    return next(folder.glob("*.tgz"))


def cached(digest: str) -> Path | None:
    """The archive of a manifest's digest, unless it is missing or damaged.

    Its own SHA-256 is its name, and is compared each time.
    """
    for path in _folder(digest).glob("*.tgz"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == path.stem:
            return path
        path.unlink(missing_ok=True)
    return None


def store(digest: str, archive: Path) -> Path:
    """Keep an archive under its manifest's digest; readers see all of it or nothing."""
    data = archive.read_bytes()
    path = _made(_folder(digest)) / f"{hashlib.sha256(data).hexdigest()}.tgz"
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(name).replace(path)
    return path


def _folder(digest: str) -> Path:
    return cache_dir() / "charts" / digest.removeprefix("sha256:")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read(path: Path) -> Chart:
    """Read a chart from a folder or a .tgz, with what its packed dependencies bring.

    Raises:
        InputError: it is no chart.
    """
    files = _folder_files(path) if path.is_dir() else _archive_files(path)
    meta = _parsed(path, files, "Chart.yaml")
    if meta is None:
        raise InputError(f"{path} is no chart.", why="It has no Chart.yaml.")
    return Chart(
        name=meta["name"],
        version=str(meta["version"]),
        path=path,
        values=_values(path, files, meta),
        schema=_parsed(path, files, "values.schema.json"),
        crds=tuple(_crds(files)),
    )


def _values(path: Path, files: dict[str, bytes], meta: Document) -> Document:
    own = _parsed(path, files, "values.yaml") or {}
    for needed in meta.get("dependencies") or ():
        name = needed.get("alias") or needed["name"]
        below = _parsed(path, files, f"charts/{needed['name']}/values.yaml")
        if below is not None and isinstance(own.get(name, {}), dict):
            own[name] = {**below, **own.get(name, {})}
    return own


def _crds(files: dict[str, bytes]) -> Iterator[Document]:
    """Those in `crds/` of the chart and of its packed dependencies, as helm finds them."""
    for name in sorted(files):
        folders = PurePosixPath(name).parts[:-1]
        packed = len(folders) % 2 == 1 and set(folders[:-1:2]) <= {"charts"}
        if packed and folders[-1] == "crds" and name.endswith((".yaml", ".yml", ".json")):
            yield from documents.parse_all(files[name].decode())


def _parsed(path: Path, files: dict[str, bytes], name: str) -> Document | None:
    if name not in files:
        return None
    found = documents.parse_all(files[name].decode())
    value: Any = found[0] if found else {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: {name} holds no mapping.")
    return value


def _folder_files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and _wanted(str(file.relative_to(folder)))
    }


def _archive_files(archive: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(archive) as tar:
            return dict(_members(tar, lambda name: name.partition("/")[2]))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{archive} is no chart archive.", why=str(error)) from error


def _members(tar: tarfile.TarFile, rename: Callable[[str], str]) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        name = rename(member.name)
        file = tar.extractfile(member) if member.isfile() and _wanted(name) else None
        if file:
            yield name, file.read()


def _wanted(name: str) -> bool:
    base = PurePosixPath(name).name
    return base in {"Chart.yaml", "values.yaml", "values.schema.json"} or "crds/" in name
