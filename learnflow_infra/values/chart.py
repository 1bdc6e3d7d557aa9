"""What is read of a chart, a folder or a .tgz, to explain its values and to know its keys."""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from learnflow_infra.documents import Parsed, parse
from learnflow_infra.errors import InputError
from learnflow_infra.paths import repo_root
from learnflow_infra.values.origins import Keys

_REFERENCE = re.compile(r"\.Values\.([A-Za-z0-9_.]+)")


@dataclass(frozen=True, kw_only=True)
class ChartFiles:
    """The chart's values.yaml, the keys that its templates name in full, and its subcharts."""

    defaults: Parsed
    named: frozenset[Keys] = frozenset()
    subcharts: frozenset[str] = frozenset()


def read_chart(chart: Path) -> ChartFiles:
    """Read a chart's own files; those of its subcharts are not looked at.

    Raises:
        InputError: it is no chart, or its values are no YAML mapping.
    """
    texts = dict(_folder(chart) if chart.is_dir() else _archive(chart))
    where = _in_checkout(chart) if chart.is_dir() else chart.name.partition(".tgz")[0]
    about = parse(texts.get("Chart.yaml", b""), "Chart.yaml").content
    templates = b"\n".join(text for name, text in texts.items() if name.startswith("templates/"))
    named = _REFERENCE.findall(templates.decode("utf-8", "replace"))
    return ChartFiles(
        defaults=parse(texts.get("values.yaml", b""), f"{where}/values.yaml"),
        named=frozenset(tuple(name.strip(".").split(".")) for name in named),
        subcharts=frozenset(
            str(one.get("alias") or one.get("name")) for one in about.get("dependencies") or ()
        ),
    )


def _wanted(name: str) -> bool:
    return name in {"Chart.yaml", "values.yaml"} or name.startswith("templates/")


def _folder(chart: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(chart.rglob("*")):
        name = path.relative_to(chart).as_posix()
        if _wanted(name) and path.is_file():
            yield name, path.read_bytes()


def _archive(chart: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(chart) as archive:
            for member in archive:
                name = member.name.partition("/")[2]
                content = archive.extractfile(member) if _wanted(name) else None
                if content:
                    yield name, content.read()
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{chart} is no chart.", why=str(error)) from error


def _in_checkout(path: Path) -> str:
    root = repo_root()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
