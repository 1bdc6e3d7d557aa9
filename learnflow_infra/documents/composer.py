"""Compose values from YAML events by the rules of sigs.k8s.io/yaml, with the line of every key.

Helm, kubectl and the API server read YAML by that library: it decodes YAML 1.1 as
gopkg.in/yaml.v2 does, and converts the result to JSON. PyYAML scans the text (libyaml); its
own composer and constructors follow other rules for types, keys, tags and `<<`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from learnflow_infra.documents import scalars
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document

Path = tuple[str | int, ...]
"""Keys of mappings, and indices of lists, from the root of a document."""
MAX_ALIASED = 400_000
"""Maximum number of values from aliases in a document, against "billion laughs"."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of a document: its text, its line (from 1), and its path, `()` inside of merges."""

    text: str
    line: int
    path: Path = ()


class Composer:
    """Composes one document, and records `lines`, `duplicates` and `rounded`.

    `lines` has the line (from 1) of every key and list item outside of aliases and merges.
    `duplicates` has a path for every key that repeats an earlier one of its mapping, and the
    lines of both. `rounded` has the integers that a 64-bit float does not hold. `begin` is the
    line (from 1) of the document's value.
    """

    def __init__(self, name: str) -> None:
        self.lines: dict[Path, int] = {}
        self.duplicates: list[tuple[Path, int, int]] = []
        self.rounded: list[Number] = []
        self.begin = 1
        self._name = name
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._aliased = 0
        self._events: Iterator[Any] = iter(())

    def fault(self, line: int, why: str) -> InputError:
        """The error for a line (from 0)."""
        return InputError(f"{self._name}:{line + 1}: this is not valid YAML.", why=why)

    def document(self, events: Iterator[Any]) -> Any:
        """The value of the first document; None if the stream is empty."""
        self._events = events
        value = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                root = next(events)
                self.begin = root.start_mark.line + 1
                value = self._value(root, ())
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return value

    def _value(self, event: Any, path: Path | None) -> Any:
        """The value that starts with an event; `path` is None inside of merges."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = event.anchor
        self._open.add(anchor)
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._json(event, path or ())
        elif isinstance(event, yaml.SequenceStartEvent):
            value = list(self._items(path))
        else:
            value = self._mapping(path)
        self._open.discard(anchor)
        if anchor:
            self._anchors[anchor] = value
        return value

    def _items(self, path: Path | None) -> Iterator[Any]:
        for index, event in enumerate(self._events):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            inner = None if path is None else (*path, index)
            if inner:
                self.lines[inner] = event.start_mark.line + 1
            yield self._value(event, inner)

    def _mapping(self, path: Path | None) -> Document:
        mapping: Document = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = event.start_mark.line
            if _is_merge(event):
                self._merge(mapping, line)
                continue
            key = self._key(event)
            inner = None if path is None else (*path, key)
            if inner:
                if inner in self.lines:
                    self.duplicates.append((inner, self.lines[inner], line + 1))
                self.lines[inner] = line + 1
            mapping[key] = self._value(next(self._events), inner)
        return mapping

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
            return scalars.as_text(value)
        except ValueError as error:
            raise self.fault(line, str(error)) from error

    def _json(self, event: Any, path: Path) -> scalars.Scalar:
        """The scalar converted to JSON, in which 1e3 is 1000 and infinity an error."""
        value, line = self._scalar(event), event.start_mark.line
        if isinstance(value, float) and not math.isfinite(value):
            raise self.fault(line, f"JSON has no number {event.value}")
        if isinstance(value, int | float) and scalars.rounded(event.value, value):
            self.rounded.append(Number(text=event.value, line=line + 1, path=path))
        if not isinstance(value, float):
            return value
        exact = value.is_integer() and -(2**63) <= value < 2**63
        return int(value) if exact and (value or math.copysign(1, value) > 0) else value

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
            raise self.fault(line, f"the anchor {event.anchor!r} contains itself")
        if event.anchor not in self._anchors:
            raise self.fault(line, f"the anchor {event.anchor!r} is not defined")
        return self._copy(self._anchors[event.anchor], line)

    def _copy(self, value: Any, line: int) -> Any:
        self._aliased += 1
        if self._aliased > MAX_ALIASED:
            raise self.fault(line, f"aliases expand to more than {MAX_ALIASED} values")
        if isinstance(value, dict):
            return {key: self._copy(item, line) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, line) for item in value]
        return value

    def _merge(self, mapping: Document, line: int) -> None:
        """`<<` overwrites earlier keys of the mapping; later keys overwrite merged ones."""
        value = self._value(next(self._events), None)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.fault(line, "<< needs a mapping, or a list of mappings")
        for source in reversed(sources):
            mapping.update(source)


def _is_merge(event: Any) -> bool:
    if not isinstance(event, yaml.ScalarEvent) or event.value != "<<":
        return False
    return event.tag == "tag:yaml.org,2002:merge" or (event.tag is None and event.implicit[0])
