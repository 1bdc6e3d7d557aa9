"""Keys that a chart does not seem to know: a typing error that Helm accepts silently.

A key is known when the chart's defaults or its schema have it. Nothing is said below a
mapping that is empty by default or free by its schema, nor below what templates pass on to
Kubernetes as it is (labels, probes, security contexts, ...): better silent than wrong.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.models import Values
from learnflow_infra.sources.reading import Defaults
from learnflow_infra.values.origins import Keys, dotted

_FREE = re.compile(
    r"(labels|annotations|selector|securitycontext|probe|resources|limits|requests|affinity"
    r"|strategy|config|configuration|env|envvars|headers|data|parameters|options|extra\w*)$",
    re.IGNORECASE,
)
_ALWAYS = frozenset({"global", "tags"})
"""Keys of Helm itself: shared values, and switches of a chart's own subcharts."""


@dataclass(frozen=True, kw_only=True)
class UnknownKey:
    """A key that the chart does not know; `suggestion` is the nearest that it knows, or ""."""

    key: str
    suggestion: str = ""
    source: str = ""
    path: Keys = ()

    def __str__(self) -> str:
        """One line for people: where, which key, and what was probably meant."""
        where = f"{self.source}: " if self.source else ""
        hint = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{where}the chart has no key {self.key}.{hint}"


def unknown_keys(values: Values, chart: Defaults) -> list[UnknownKey]:
    """The keys of `values` that the chart does not know, the outermost of each branch.

    Keys that only templates name are known; the values of subcharts are not checked.
    """
    skipped = _ALWAYS | chart.subcharts
    checked = {key: value for key, value in values.items() if key not in skipped}
    everywhere = [dotted(path) for path in _paths(chart.values)]
    schemas = [chart.schema] if chart.schema else []
    parts = _parts(schemas, chart.schema)
    return [
        UnknownKey(key=dotted(path), suggestion=_nearest(path, near, everywhere), path=path)
        for path, near in _unknown(checked, chart.values, parts, chart.schema, ())
        if not any(named[: len(path)] == path for named in chart.named)
    ]


def _unknown(
    values: Values, defaults: Any, parts: Sequence[Values], root: Values | None, above: Keys
) -> Iterator[tuple[Keys, list[str]]]:
    """Path of every unknown key, with the names that are known beside it."""
    named = [name for part in parts for name in part.get("properties", {})]
    beside = [*(defaults if isinstance(defaults, dict) else ()), *named]
    if not beside and not any(part.get("additionalProperties") is False for part in parts):
        return
    for key, value in values.items():
        path = (*above, key)
        below = _parts(_of_key(parts, key), root)
        if key not in beside and not below:
            yield path, beside
        elif isinstance(value, dict) and not _FREE.search(key):
            default = defaults.get(key) if isinstance(defaults, dict) else None
            yield from _unknown(value, default, below, root, path)


def _of_key(parts: Sequence[Values], key: str) -> list[Any]:
    """The schemas that speak of a key; an open `additionalProperties` speaks of all."""
    found: list[Any] = []
    for part in parts:
        patterns = part.get("patternProperties", {})
        matching = [sub for pattern, sub in patterns.items() if re.search(pattern, key)]
        if key in part.get("properties", {}):
            found.append(part["properties"][key])
        elif matching:
            found += matching
        elif part.get("additionalProperties", False) is not False:
            found.append(part["additionalProperties"])
    return found


def _parts(schemas: Sequence[Any], root: Values | None) -> list[Values]:
    """Schemas with all that they refer to and are composed of."""
    found: list[Values] = []
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        schema = {"additionalProperties": True} if schema is True else schema
        if not isinstance(schema, dict) or any(schema is known for known in found):
            continue
        found.append(schema)
        for word in ("allOf", "anyOf", "oneOf"):
            waiting += schema.get(word, ())
        waiting += [schema[word] for word in ("if", "then", "else") if word in schema]
        waiting += _referred(schema.get("$ref", ""), root)
    return found


def _referred(reference: str, root: Any) -> list[Any]:
    """The schema that a `#/...` points to in the same file."""
    if not reference.startswith("#"):
        return [True] if reference else []  # another file: nothing is known against it
    for step in reference.removeprefix("#").strip("/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        root = (root or {}).get(name) if name else root
    return [root]


def _nearest(path: Keys, beside: Sequence[str], everywhere: Sequence[str]) -> str:
    """A name beside that is spelled alike, or the same name elsewhere in the chart."""
    alike = difflib.get_close_matches(path[-1], beside, n=1)
    if alike:
        return dotted((*path[:-1], alike[0]))
    named = [key for key in everywhere if key.endswith(f".{dotted(path[-1:])}")]
    return named[0] if len(named) == 1 else ""


def _paths(defaults: Values, above: Keys = ()) -> Iterator[Keys]:
    for key, value in defaults.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
