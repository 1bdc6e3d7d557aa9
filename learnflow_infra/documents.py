"""YAML and JSON files with the line of every key, checked against the published schemas."""

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.paths import repo_root

Path_ = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader):
    """YAML as Helm reads it: dates stay text, a key may stand only once, `=` is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":value"))]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Document:
    """Read a YAML mapping; an empty file is an empty mapping.

    Raises:
        InputError: with file and line, when it cannot be read, parsed, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=_Loader)
        loaded = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from CSafeLoader
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", why=str(error)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError(
            f"{path}:{line}: this is no valid YAML.", why=str(error.problem)
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: this is no valid YAML.", why=str(error)) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise InputError(f"{path}:1: a mapping is expected here, not {type(loaded).__name__}.")
    try:
        if node is not None:
            _refuse_duplicates(path, node)
    except RecursionError as error:
        raise InputError(f"{path}: an alias holds itself.") from error
    document: Document = loaded
    return document


def parse_all(text: str) -> list[Any]:
    """The documents of a YAML stream that another program wrote; empty ones are left out."""
    loaded = yaml.load_all(text, Loader=_Loader)
    return [document for document in loaded if document]


def _refuse_duplicates(path: Path, root: yaml.Node) -> None:
    for node in _mappings(root):
        seen: set[str] = set()
        for key, _value in node.value:
            if key.value in seen and key.value != "<<":
                line = key.start_mark.line + 1
                raise InputError(f"{path}:{line}: the key {key.value!r} stands twice.")
            seen.add(str(key.value))


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _key, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)


def line_of(path: Path, keys: Iterable[str | int]) -> int:
    """The line (from 1) of the deepest existing key along `keys`."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    line = 1
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return name.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


def check(path: Path, document: Document, schema: str) -> None:
    """Check a document read from `path` against a schema of specs/.../contracts.

    Raises:
        InputError: naming every fault with its line.
    """
    faults = sorted(schema_faults(document, schema), key=lambda fault: fault[0])
    if not faults:
        return
    lines = [f"{path}:{line_of(path, keys)}: {text}" for keys, text in faults]
    raise InputError(
        lines[0], why="\n".join(lines[1:]), remedy=f"Its schema: {schema_path(schema)}"
    )


def schema_path(schema: str) -> Path:
    """The published schema of that name."""
    return repo_root() / "specs/2-infra-deploy/contracts" / f"{schema}.schema.json"


def schema_faults(document: Any, schema: str) -> list[tuple[Path_, str]]:
    """Where and how a document departs from a published schema."""
    return [
        (tuple(error.absolute_path) + _offender(error), error.message)
        for error in _validator(schema).iter_errors(document)
    ]


def _offender(error: Any) -> Path_:
    """The unknown key itself, so that its own line is named rather than its parent's."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return tuple(key for key in error.instance if key not in known)[:1]
    return ()


@functools.cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 80 ms that few verbs need

    return Draft202012Validator(json.loads(schema_path(schema).read_text(encoding="utf-8")))
