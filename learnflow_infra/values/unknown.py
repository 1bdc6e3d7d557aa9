"""Find keys that a chart does not know: probably typing errors, which Helm accepts silently.

A key is known if the chart's defaults or its schema have it. To avoid false reports, keys are
not checked below mappings that are empty by default or open in the schema, nor below those that
templates copy unchanged into manifests (labels, probes, security contexts, ...).
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from learnflow_infra.models import Values
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values.origins import Keys, dotted

_FREE = re.compile(
    r"(labels|annotations|selector|securitycontext|probe|resources|limits|requests|affinity"
    r"|strategy|config|configuration|env|envvars|headers|data|parameters|options|extra\w*)$",
    re.IGNORECASE,
)
_ALWAYS = frozenset({"global", "tags"})
"""Keys of Helm itself: shared values, and switches of subcharts."""


@dataclass(frozen=True, kw_only=True)
class UnknownKey:
    """A key that the chart does not know.

    `suggestion` is the most similar known key, or ""; `refused` is set if the chart's schema
    allows no further keys.
    """

    key: str
    suggestion: str = ""
    source: str = ""
    path: Keys = ()
    refused: bool = False

    def __str__(self) -> str:
        """One line: source, key and suggestion."""
        where = f"{self.source}: " if self.source else ""
        hint = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{where}the chart has no key {self.key}.{hint}"

    def below(self, top: str, source: str) -> "UnknownKey":
        """The key below a release or `global`, and where it is set."""
        suggestion = self.suggestion and f"{top}.{self.suggestion}"
        return replace(self, key=f"{top}.{self.key}", suggestion=suggestion, source=source)


def unknown_keys(values: Values, chart: Defaults) -> list[UnknownKey]:
    """The keys of `values` that the chart does not know, the outermost of each branch.

    Keys that only templates use are known; values of subcharts are not checked.
    """
    skipped = _ALWAYS | chart.subcharts
    checked = {key: value for key, value in values.items() if key not in skipped}
    everywhere = [dotted(path) for path in _paths(chart.values)]
    schemas = [chart.schema] if chart.schema else []
    parts = _parts(schemas, chart.schema)
    return [
        UnknownKey(
            key=dotted(path),
            suggestion=_nearest(path, near, everywhere),
            path=path,
            refused=refused,
        )
        for path, near, refused in _unknown(checked, chart.values, parts, chart.schema, ())
        if not any(named[: len(path)] == path for named in chart.named)
    ]


def _unknown(
    values: Values, defaults: Any, parts: Sequence[Values], root: Values | None, above: Keys
) -> Iterator[tuple[Keys, list[str], bool]]:
    """The path of every unknown key, with its known siblings, and whether the schema refuses it."""
    named = [name for part in parts for name in part.get("properties", {})]
    siblings = [*(defaults if isinstance(defaults, dict) else ()), *named]
    closed = any(part.get("additionalProperties") is False for part in parts)
    if not siblings and not closed:
        return
    for key, value in values.items():
        path = (*above, key)
        below = _parts(_of_key(parts, key), root)
        if key not in siblings and not below:
            yield path, siblings, closed
        elif isinstance(value, dict) and not _FREE.search(key):
            default = defaults.get(key) if isinstance(defaults, dict) else None
            yield from _unknown(value, default, below, root, path)


def _of_key(parts: Sequence[Values], key: str) -> list[Any]:
    """The schemas of a key; `additionalProperties` applies to keys without their own."""
    schemas: list[Any] = []
    for part in parts:
        patterns = part.get("patternProperties", {})
        matching = [sub for pattern, sub in patterns.items() if re.search(pattern, key)]
        if key in part.get("properties", {}):
            schemas.append(part["properties"][key])
        elif matching:
            schemas += matching
        elif part.get("additionalProperties", False) is not False:
            schemas.append(part["additionalProperties"])
    return schemas


def _parts(schemas: Sequence[Any], root: Values | None) -> list[Values]:
    """Schemas, with those that they reference and combine."""
    parts: list[Values] = []
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        schema = {"additionalProperties": True} if schema is True else schema
        if not isinstance(schema, dict) or any(schema is part for part in parts):
            continue
        parts.append(schema)
        for word in ("allOf", "anyOf", "oneOf"):
            waiting += schema.get(word, ())
        waiting += [schema[word] for word in ("if", "then", "else") if word in schema]
        waiting += _referred(schema.get("$ref", ""), root)
    return parts


def _referred(reference: str, root: Any) -> list[Any]:
    """The schema that a reference `#/...` names in the same file."""
    if not reference.startswith("#"):
        return [True] if reference else []  # another file is not read: allow everything
    for step in reference.removeprefix("#").strip("/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        root = (root or {}).get(name) if name else root
    return [root]


def _nearest(path: Keys, siblings: Sequence[str], everywhere: Sequence[str]) -> str:
    """A sibling that is spelled alike, or the same name elsewhere in the chart."""
    alike = difflib.get_close_matches(path[-1], siblings, n=1)
    if alike:
        return dotted((*path[:-1], alike[0]))
    named = [key for key in everywhere if key.endswith(f".{dotted(path[-1:])}")]
    return named[0] if len(named) == 1 else ""


def _paths(defaults: Values, above: Keys = ()) -> Iterator[Keys]:
    for key, value in defaults.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
