"""What is in a chart, a folder or a .tgz, with the charts that are packed in its `charts/`.

Source of the rules: https://helm.sh/docs/topics/charts/ and what `helm show crds` and
`helm template` make of the same chart, against which this is tested.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from learnflow_infra import documents
from learnflow_infra.documents.merging import merge
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.objects import Object

Files = Mapping[str, bytes]
"""Path inside a chart -> content."""
_KEPT = {"Chart.yaml", "values.yaml", "values.schema.json"}
_MANIFESTS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart at hand.

    `path` is what helm is given: a folder, or an archive in the cache. `digest` is that of
    the OCI manifest, "" for a folder. `values` are the defaults, those of packed
    dependencies below their names, as though each were enabled; `crds` are all that
    `helm show crds` tells.
    """

    name: str
    version: str
    path: Path
    values: Document
    schema: Document | None
    crds: tuple[Object, ...]
    reference: str = ""
    digest: str = ""


def read(path: Path) -> Chart:
    """Read a chart from a folder or a .tgz, with what its packed dependencies bring.

    Raises:
        InputError: it is no chart.
    """
    files = _folder(path) if path.is_dir() else _archive(path)
    part = _part(path.name, files)
    return Chart(
        name=str(part.about["name"]),
        version=str(part.about["version"]),
        path=path,
        values=part.values,
        schema=part.schema,
        crds=part.crds,
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A chart, or one that is packed in another."""

    about: Document
    values: Document
    schema: Document | None
    crds: tuple[Object, ...]


def _part(where: str, files: Files) -> _Part:
    about = _mapping(where, files, "Chart.yaml")
    if not {"name", "version"} <= set(about):
        raise InputError(f"{where} is no chart.", why="It has no Chart.yaml with name and version.")
    packed = {name: _part(f"{where}/charts/{name}", part) for name, part in _packed(where, files)}
    values = _mapping(where, files, "values.yaml")
    crds = [crd for name in sorted(files) if _is_crd(name) for crd in _crds(where, files, name)]
    for part in packed.values():
        crds += part.crds
        for name in _names(about, part.about):
            values = _with_defaults(values, name, part.values)
    return _Part(about=about, values=values, schema=_schema(where, files), crds=tuple(crds))


def _names(parent: Document, part: Document) -> list[str]:
    """The names under which a packed chart is used: its own, or its aliases."""
    needed = [one for one in parent.get("dependencies") or () if one["name"] == part["name"]]
    return [str(one.get("alias") or one["name"]) for one in needed] or [str(part["name"])]


def _with_defaults(values: Document, name: str, defaults: Document) -> Document:
    """The values of a chart, which win, with those of a packed one below its name."""
    own = values.get(name, {})
    if not isinstance(own, dict):
        return values
    return {**values, name: merge(defaults, own, nulls="delete")}


def _crds(where: str, files: Files, name: str) -> list[Object]:
    return documents.parse_all(files[name], f"{where}/{name}")


def _is_crd(name: str) -> bool:
    return name.startswith("crds/") and name.endswith(_MANIFESTS)


def _packed(where: str, files: Files) -> Iterator[tuple[str, Files]]:
    """The charts in `charts/`: folders and archives; helm leaves `_*` and `.*` out."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        top, _, rest = name.removeprefix("charts/").partition("/")
        if not name.startswith("charts/") or top.startswith(("_", ".")):
            continue
        if rest:
            folders.setdefault(top, {})[rest] = content
        elif top.endswith(".tgz"):
            yield top, _unpacked(f"{where}/{name}", content)
    yield from sorted(folders.items())


def _mapping(where: str, files: Files, name: str) -> Document:
    return documents.parse(files.get(name, b""), f"{where}/{name}").content


def _schema(where: str, files: Files) -> Document | None:
    name = "values.schema.json"
    if name not in files:
        return None
    try:
        schema: Document = json.loads(files[name].decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{where}: {name} is no valid JSON.", why=str(error)) from error
    return schema


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in _KEPT or "crds" in path.parts or name.endswith(".tgz")


def _folder(folder: Path) -> Files:
    found = ((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*"))
    return {name: file.read_bytes() for name, file in found if _wanted(name) and file.is_file()}


def _archive(path: Path) -> Files:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
    return _unpacked(str(path), content)


def _unpacked(where: str, content: bytes) -> Files:
    """The files of an archive, without the folder that holds them all; nothing is extracted."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return dict(_members(tar))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{where} is no chart archive.", why=str(error)) from error


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        name = member.name.partition("/")[2]
        file = tar.extractfile(member) if member.isfile() and _wanted(name) else None
        if file:
            yield name, file.read()
