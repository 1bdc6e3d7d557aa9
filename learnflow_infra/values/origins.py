"""The origins of values: the statements of all layers, and the chain of a key."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.documents.merging import leaves
from learnflow_infra.masking import masked_values
from learnflow_infra.models import Values
from learnflow_infra.values.typed import escaped

Keys = tuple[str, ...]
"""A path of mappings' keys; a list is one value."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One layer's statement about a key.

    `source` is a file and line, a flag as typed (secrets masked) or a layer's name. `key` is
    set if the statement is about another key that changes this one: a mapping above it that
    was replaced or deleted, or a key below it that it replaced.
    """

    source: str
    value: Any
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The value that a layer sets at a path; a mapping replaces everything below the path."""

    path: Keys
    value: Any
    source: str


def dotted(path: Iterable[str]) -> str:
    """A path in the syntax of `--set`."""
    return ".".join(map(escaped, path))


def lay(
    base: Values, over: Values, source: Callable[[Keys], str], statements: list[Statement]
) -> Values:
    """`over` merged into `base`, with a statement for every value that it sets."""
    return _lay(base, over, (), source, statements)


def _lay(
    base: Values,
    over: Values,
    above: Keys,
    source: Callable[[Keys], str],
    statements: list[Statement],
) -> Values:
    merged = dict(base)
    for key, value in over.items():
        path = (*above, key)
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _lay(below, value, path, source, statements)
            continue
        if isinstance(value, dict) and value:
            _lay({}, value, path, source, statements)
        else:
            statements.append(Statement(path=path, value=value, source=source(path)))
        merged[key] = value
    return merged


class Index:
    """Statements by path, lowest layer first, to get the chain of a key without a search."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._at: dict[Keys, list[int]] = defaultdict(list)
        self._below: dict[Keys, list[int]] = defaultdict(list)
        for index, statement in enumerate(statements):
            self._at[statement.path].append(index)
            for length in range(len(statement.path)):
                self._below[statement.path[:length]].append(index)

    def chain(self, path: Keys, *, is_set: bool) -> tuple[Origin, ...]:
        """The statements about a key, about the mappings above it, and about keys below it."""
        lengths = range(len(path) + 1)
        indices = [index for length in lengths for index in self._at.get(path[:length], ())]
        indices += self._below.get(path, ())
        chain = [_origin(self._statements[index], path) for index in sorted(indices)]
        if is_set and chain and chain[-1].key and not chain[0].key:
            chain.append(chain[0])  # no layer sets it now, so the default applies again
        return tuple(chain)


def chains(statements: Sequence[Statement], effective: Values) -> dict[str, tuple[Origin, ...]]:
    """The chain of every leaf, and of every key that a null deleted.

    Args:
        statements: lowest layer first.
        effective: the values with the chart's defaults.
    """
    index = Index(statements)
    visible = dict.fromkeys(path for path, _value in leaves(effective))
    deleted = dict.fromkeys(s.path for s in statements if s.value is None)
    return {dotted(path): index.chain(path, is_set=path in visible) for path in visible | deleted}


def _origin(statement: Statement, path: Keys) -> Origin:
    if statement.path == path:
        return Origin(source=statement.source, value=statement.value)
    if not isinstance(statement.value, dict) or statement.path != path[: len(statement.path)]:
        return Origin(source=statement.source, value=statement.value, key=dotted(statement.path))
    value = statement.value
    for key in path[len(statement.path) :]:
        if not isinstance(value, dict) or key not in value:
            return Origin(source=statement.source, value={}, key=dotted(statement.path))
        value = value[key]
    return Origin(source=statement.source, value=value)


def origins_document(release: str, origins: Mapping[str, Sequence[Origin]]) -> Values:
    """The chains as a document, lowest layer first, with secrets masked."""
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "Origins",
        "release": release,
        "origins": {
            key: [origin_document(key, origin) for origin in chain]
            for key, chain in sorted(origins.items())
        },
    }


def origin_document(key: str, origin: Origin) -> Values:
    """An origin of a dotted key as JSON, with secrets masked."""
    about = {"key": origin.key} if origin.key else {}
    return {"source": origin.source, **about, "value": shown(origin.key or key, origin.value)}


def shown(key: str, value: Any) -> Any:
    """The value of a dotted key with secrets masked."""
    return masked_values(value, tuple(undotted(key)))


def undotted(key: str) -> Iterator[str]:
    """The names of a dotted key; the reverse of `dotted`."""
    name, escaped = "", False
    for char in key:
        if char == "." and not escaped:
            yield name
            name = ""
        elif char == "\\" and not escaped:
            escaped = True
            continue
        else:
            name += char
        escaped = False
    yield name
