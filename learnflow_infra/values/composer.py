"""Values made of YAML's events as Helm makes them, with the line of every key on the way."""

import math
from collections.abc import Iterator
from typing import Any

import yaml

from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.values import scalars

Keys = tuple[str, ...]
MAX_ALIASED = 400_000
"""How many values aliases may multiply to, against files that explode."""


class Composer:
    """Makes the values of one text; `lines` and `warnings` are filled meanwhile.

    PyYAML's own composer is not used: it knows other types, and Helm has its own mind about
    keys that are no texts, unknown tags and `<<`.
    """

    def __init__(self, name: str) -> None:
        self.lines: dict[Keys, int] = {}
        self.warnings: list[str] = []
        self._name = name
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._aliased = 0
        self._events: Iterator[Any] = iter(())

    def fault(self, line: int, why: str) -> InputError:
        """What is wrong in a line (from 0)."""
        return InputError(f"{self._name}:{line + 1}: this is no valid YAML.", why=why)

    def document(self, events: Iterator[Any]) -> Any:
        """The value of the first document, which is all that Helm reads."""
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
        anchor, line = event.anchor, event.start_mark.line
        self._open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value: Any = self._scalar(event)
            if isinstance(value, float) and not math.isfinite(value):
                raise self.fault(line, f"{event.value} is no JSON number")
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
