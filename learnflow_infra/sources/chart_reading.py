"""Read a chart, with the dependencies that are packed in its `charts/`.

Source of the rules: https://helm.sh/docs/topics/charts/; the tests compare with the output
of `helm show crds` and `helm template`.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.documents.merging import coalesce, merge, without_nulls
from learnflow_infra.documents.reading import Parsed, parse, parse_all, parse_merged
from learnflow_infra.documents.scalars import as_text
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document, Values
from learnflow_infra.objects import Object
from learnflow_infra.paths import repo_root
from learnflow_infra.sources.chart_files import Files, packed, read_files

_MANIFESTS = (".yaml", ".yml", ".json")
_REFERENCE = re.compile(r"\.Values\.([A-Za-z0-9_.]+)")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a chart declares about its values.

    Attributes:
        values: the defaults, with those of packed dependencies below their names, as if each
            dependency were enabled.
        file: the chart's own values.yaml, for line numbers.
        schema: its values.schema.json.
        named: the keys that its templates use by their full path.
        subcharts: the names of its dependencies.
    """

    values: Values = field(default_factory=dict)
    file: Parsed | None = None
    schema: Values | None = None
    named: frozenset[tuple[str, ...]] = frozenset()
    subcharts: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart on this machine.

    Attributes:
        name: from Chart.yaml, as `version`.
        version: a semantic version.
        path: the folder or the cached archive.
        defaults: its values.
        crds: what `helm show crds` prints.
        reference: the OCI reference without a version, "" for a folder.
        digest: of the OCI manifest, "" for a folder.
    """

    name: str
    version: str
    path: Path
    defaults: Defaults
    crds: tuple[Object, ...]
    reference: str = ""
    digest: str = ""


def read(path: Path, dialect: Dialect = HELM_4) -> Chart:
    """Read a chart, and its packed dependencies, from a folder or a .tgz.

    Args:
        path: of the folder or archive.
        dialect: of the helm that gets the values.

    Raises:
        InputError: it is not a chart, or a file in it is malformed.
    """
    where = str(path.relative_to(repo_root())) if path.is_relative_to(repo_root()) else str(path)
    return _chart(path, where, read_files(path), dialect)


def _chart(path: Path, where: str, files: Files, dialect: Dialect) -> Chart:
    metadata = _mapping(where, files, "Chart.yaml").content
    if not {"name", "version"} <= set(metadata):
        raise InputError(
            f"{where} is not a chart.", why="It has no Chart.yaml with name and version."
        )
    parts = [
        _chart(path, f"{where}/charts/{name}", part, dialect) for name, part in packed(where, files)
    ]
    label = where if path.is_dir() else f"{metadata['name']}-{metadata['version']}"
    parser = parse_merged if dialect.all_documents else parse
    file = parser(files.get("values.yaml", b""), f"{label}/values.yaml")
    values = file.content
    for part in parts:
        for name in _names(metadata, part.name):
            values = _with_defaults(values, name, part.defaults.values, dialect)
    own = [crd for name in sorted(files) if _is_crd(name) for crd in _crds(where, files, name)]
    return Chart(
        name=as_text(metadata["name"]),
        version=as_text(metadata["version"]),
        path=path,
        defaults=Defaults(
            values=values,
            file=file,
            schema=_schema(where, files),
            named=_named(files),
            subcharts=frozenset(map(_alias, metadata.get("dependencies") or ())),
        ),
        crds=(*own, *(crd for part in parts for crd in part.crds)),
    )


def _names(parent: Document, name: str) -> list[str]:
    """The keys of a packed chart's values: its aliases, or its name."""
    uses = [item for item in parent.get("dependencies") or () if item["name"] == name]
    return [*map(_alias, uses)] or [name]


def _alias(dependency: Document) -> str:
    return str(dependency.get("alias") or dependency.get("name"))


def _with_defaults(values: Values, name: str, defaults: Values, dialect: Dialect) -> Values:
    """The values with a dependency's defaults below its name; the parent's values win.

    In Helm 4, a null of the parent deletes a default of the dependency only if the user sets
    anything below its name. It is never applied here.
    """
    own = values.get(name, {})
    if not isinstance(own, dict):
        return values
    if dialect.default_nulls:
        return {**values, name: coalesce(defaults, own, dialect)}
    return {**values, name: merge(defaults, without_nulls(own))}


def _named(files: Files) -> frozenset[tuple[str, ...]]:
    templates = b"\n".join(text for name, text in files.items() if name.startswith("templates/"))
    named = _REFERENCE.findall(templates.decode("utf-8", "replace"))
    return frozenset(tuple(name.strip(".").split(".")) for name in named)


def _crds(where: str, files: Files, name: str) -> list[Object]:
    return parse_all(files[name], f"{where}/{name}")


def _is_crd(name: str) -> bool:
    return name.startswith("crds/") and name.endswith(_MANIFESTS)


def _mapping(where: str, files: Files, name: str) -> Parsed:
    return parse(files.get(name, b""), f"{where}/{name}")


def _schema(where: str, files: Files) -> Document | None:
    name = "values.schema.json"
    if name not in files:
        return None
    try:
        schema: Document = json.loads(files[name].decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{where}: {name} is not valid JSON.", why=str(error)) from error
    return schema
