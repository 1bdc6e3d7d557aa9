"""Values files as Helm reads them, with the line of every key.

Helm turns YAML into JSON first, so keys become text, and only the first document counts. A
key that stands twice is taken (the last one wins), and told as a warning.
"""

import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.values import scalars

Keys = tuple[str, ...]
MAX_ALIASED = 400_000
"""How many values aliases may multiply to, against files that explode."""


@dataclass(frozen=True, kw_only=True)
class ValuesFile:
    """A file's values; `lines` has the line (from 1) of every key, lists are not gone into."""

    name: str
    values: Document
    lines: Mapping[Keys, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def source(self, path: Keys) -> str:
        """`file:line` of the deepest key along the path that has a line."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def read(path: Path, name: str | None = None) -> ValuesFile:
    """Read a values file; `-` is stdin, as in Helm, which is empty when read again.

    Raises:
        InputError: it cannot be read or parsed, or is no mapping; with file and line.
    """
    if str(path).strip() == "-":
        return parse(sys.stdin.buffer.read(), "stdin")
    try:
        return parse(path.read_bytes(), name or str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error


def chart_defaults(chart: Path) -> ValuesFile | None:
    """values.yaml of a chart, a folder or a .tgz; None where it has none.

    Raises:
        InputError: it is no YAML mapping, or the archive is broken.
    """
    if chart.is_dir():
        file = chart / "values.yaml"
        return read(file) if file.is_file() else None
    try:
        with tarfile.open(chart) as archive:
            for member in archive:
                if member.isfile() and member.name.split("/")[1:] == ["values.yaml"]:
                    stream = archive.extractfile(member)
                    return parse(stream.read() if stream else b"", f"{chart.name}/values.yaml")
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{chart} is no chart.", why=str(error)) from error
    return None


def parse(text: bytes, name: str) -> ValuesFile:
    """The values of a YAML text; `name` stands for it in errors.

    Raises:
        InputError: with the line, when it is no YAML or no mapping.
    """
    builder = _Builder(name)
    try:
        values = builder.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark or error.context_mark, "line", 0)
        raise builder.fault(line, str(error.problem)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{name}: this is no valid YAML.", why=str(error)) from error
    if not isinstance(values, dict | None):
        raise InputError(f"{name}:1: a mapping is expected here, not {type(values).__name__}.")
    return ValuesFile(
        name=name, values=values or {}, lines=builder.lines, warnings=tuple(builder.warnings)
    )


class _Builder:
    """Makes values of the parser's events, and notes lines on the way."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Keys, int] = {}
        self.warnings: list[str] = []
        self._name = name
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._aliased = 0
        self._events: Iterator[Any] = iter(())

    def fault(self, line: int, why: str) -> InputError:
        return InputError(f"{self._name}:{line + 1}: this is no valid YAML.", why=why)

    def document(self, events: Iterator[Any]) -> Any:
        self._events = events
        value = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                value = self._value(next(events), ())
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return value

    def _value(self, event: Any, path: Keys | None) -> Any:
        """The value that begins with an event; `path` is None inside of lists."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = event.anchor
        self._open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value: Any = self._scalar(event)
            if isinstance(value, float) and value - value != 0:
                raise self.fault(event.start_mark.line, f"{event.value} is no JSON number")
        elif isinstance(event, yaml.SequenceStartEvent):
            value = list(self._items())
        else:
            value = self._mapping(path)
        self._open.discard(anchor)
        if anchor:
            self._anchors[anchor] = value
        return value

    def _items(self) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._value(event, None)

    def _mapping(self, path: Keys | None) -> Document:
        found: Document = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if _merges(event):
                self._merge(found, event.start_mark.line)
                continue
            key = self._key(event)
            if key in found and path is not None and (*path, key) in self.lines:
                self.warnings.append(
                    f"{self._name}:{event.start_mark.line + 1}: the key {key!r} stands twice; "
                    f"the first one, in line {self.lines[(*path, key)]}, is not used."
                )
            inner = None if path is None else (*path, key)
            if inner:
                self.lines[inner] = event.start_mark.line + 1
            found[key] = self._value(next(self._events), inner)
        return found

    def _key(self, event: Any) -> str:
        line = event.start_mark.line
        if isinstance(event, yaml.AliasEvent):
            value = self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = value
        else:
            raise self.fault(line, "a list or mapping cannot be a key")
        try:
            return scalars.key(value)
        except ValueError as error:
            raise self.fault(line, str(error)) from error

    def _scalar(self, event: Any) -> scalars.Scalar:
        tag = event.tag
        if tag is None and event.implicit[0]:
            return scalars.plain(event.value)
        try:
            return scalars.tagged(event.value, tag) if tag else str(event.value)
        except ValueError as error:
            raise self.fault(event.start_mark.line, str(error)) from error

    def _alias(self, event: Any) -> Any:
        line = event.start_mark.line
        if event.anchor in self._open:
            raise self.fault(line, f"the anchor {event.anchor!r} holds itself")
        if event.anchor not in self._anchors:
            raise self.fault(line, f"there is no anchor {event.anchor!r}")
        return self._copy(self._anchors[event.anchor], line)

    def _copy(self, value: Any, line: int) -> Any:
        self._aliased += 1
        if self._aliased > MAX_ALIASED:
            raise self.fault(line, "aliases multiply to too many values")
        if isinstance(value, dict):
            return {key: self._copy(item, line) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, line) for item in value]
        return value

    def _merge(self, found: Document, line: int) -> None:
        """`<<`: what it brings replaces keys before it, and yields to keys behind it."""
        value = self._value(next(self._events), None)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.fault(line, "<< takes a mapping, or a list of mappings")
        for source in reversed(sources):
            found.update(source)


def _merges(event: Any) -> bool:
    if not isinstance(event, yaml.ScalarEvent) or event.value != "<<":
        return False
    return event.tag == "tag:yaml.org,2002:merge" or (event.tag is None and event.implicit[0])


class _Dumper(yaml.SafeDumper):
    """Writes text in quotes wherever Helm would read the bare word as something else."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if scalars.plain(text) == text else '"'
    if "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(document: Document) -> str:
    """A document as YAML that Helm reads back as the same values."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
