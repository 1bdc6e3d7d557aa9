"""The files of a chart folder or .tgz that this program reads."""

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from learnflow_infra.errors import InputError

Files = Mapping[str, bytes]
"""Path inside a chart -> content."""
_NAMES = {"Chart.yaml", "values.yaml", "values.schema.json"}
_FOLDERS = {"crds", "templates"}


def read_files(chart: Path) -> Files:
    """The files of a chart.

    Raises:
        InputError: it cannot be read, or is not an archive.
    """
    if chart.is_dir():
        paths = ((file.relative_to(chart).as_posix(), file) for file in sorted(chart.rglob("*")))
        return {name: file.read_bytes() for name, file in paths if _kept(name) and file.is_file()}
    try:
        content = chart.read_bytes()
    except OSError as error:
        raise InputError(f"{chart} cannot be read.", why=error.strerror or str(error)) from error
    return _unpacked(str(chart), content)


def packed(label: str, files: Files) -> Iterator[tuple[str, Files]]:
    """Name and files of the charts in `charts/`; helm ignores names that start with _ or a dot."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        top, _, rest = name.removeprefix("charts/").partition("/")
        if not name.startswith("charts/") or top.startswith(("_", ".")):
            continue
        if rest:
            folders.setdefault(top, {})[rest] = content
        elif top.endswith(".tgz"):
            yield top, _unpacked(f"{label}/{name}", content)
    yield from sorted(folders.items())


def _kept(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in _NAMES or path.suffix == ".tgz" or not _FOLDERS.isdisjoint(path.parts)


def _unpacked(label: str, content: bytes) -> Files:
    """The files of an archive, without the folder that contains them all."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return dict(_members(tar))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{label} is not a chart archive.", why=str(error)) from error


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        name = member.name.partition("/")[2]
        file = tar.extractfile(member) if member.isfile() and _kept(name) else None
        if file:
            yield name, file.read()
