"""Read YAML (and JSON, which is YAML) in the dialect of Helm and Kubernetes."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from learnflow_infra.documents import given
from learnflow_infra.documents.composer import Composer, Number
from learnflow_infra.documents.composer import Path as Keys
from learnflow_infra.documents.merging import merge
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document

_SEPARATOR = re.compile(r"^---[ \t\r]*(?:#.*)?$\n?", re.MULTILINE)
_NO_SEPARATOR = re.compile(r"^---(?![ \t\r]*(?:#.*)?$)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A mapping from YAML.

    Attributes:
        name: of the file, for messages.
        content: the mapping; its keys are texts, as in JSON.
        lines: the line (from 1) of every key and list item.
        duplicates: a message for every key that is set twice; the last value counts.
        rounded: the integers that a 64-bit float does not hold.
    """

    name: str
    content: Document
    lines: Mapping[Keys, int] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    rounded: tuple[Number, ...] = ()

    def line(self, path: Iterable[str | int]) -> int | None:
        """The line of the deepest existing key along a path; None if the first does not exist."""
        keys = tuple(path)
        lines = (self.lines.get(keys[:length]) for length in range(len(keys), 0, -1))
        return next((line for line in lines if line), None)

    def source(self, path: Iterable[str | int]) -> str:
        """`file:line` of the deepest existing key along a path, or the file alone."""
        line = self.line(path)
        return f"{self.name}:{line}" if line else self.name


def parse(text: bytes | str, name: str) -> Parsed:
    """Read the mapping of a text's first document; as in Helm, the rest is ignored.

    Args:
        text: bytes are UTF-8, or UTF-16 with a byte order mark.
        name: of the text, for errors.

    Raises:
        InputError: with the line, if it is not YAML or not a mapping.
    """
    composer = Composer(name)
    content = _compose(composer, text, name)
    if not isinstance(content, dict | None):
        kind = type(content).__name__
        raise InputError(f"{name}:{composer.begin}: a mapping is expected, not {kind}.")
    duplicates = tuple(
        f"{name}:{line}: the key {path[-1]!r} is set twice; its value on line {first} is ignored."
        for path, first, line in composer.duplicates
    )
    return Parsed(
        name=name,
        content=content or {},
        lines=composer.lines,
        duplicates=duplicates,
        rounded=tuple(composer.rounded),
    )


def parse_merged(text: bytes | str, name: str) -> Parsed:
    """Read the mappings of all documents of a text, each merged into those before it.

    Documents are split as in `parse_all`; other words behind a separator are refused.

    Raises:
        InputError: one is not YAML, or not a mapping.

    Source: `LoadValues` of Helm 4's pkg/chart/v2/loader.
    """
    stream = _decoded(text, name)
    refused = _NO_SEPARATOR.search(stream)
    if refused:
        line = stream.count("\n", 0, refused.start()) + 1
        raise InputError(f"{name}:{line}: only a comment may follow --- on its line.")
    found, begin = parse("", name), 0
    for end in [*_SEPARATOR.finditer(stream), None]:
        part = stream[begin : end.start() if end else None]
        found = _joined(found, parse("\n" * stream.count("\n", 0, begin) + part, name))
        begin = end.end() if end else begin
    return found


def _joined(first: Parsed, second: Parsed) -> Parsed:
    return Parsed(
        name=first.name,
        content=merge(first.content, second.content),
        lines={**first.lines, **second.lines},
        duplicates=first.duplicates + second.duplicates,
        rounded=first.rounded + second.rounded,
    )


def _compose(composer: Composer, text: bytes | str, name: str) -> Any:
    try:
        return composer.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark or error.context_mark, "line", 0)
        raise composer.fault(line, str(error.problem)) from error
    except yaml.reader.ReaderError as error:
        what = "not UTF-8 text" if "UTF" in error.reason else "not valid YAML"
        raise InputError(f"{name} is {what}.", why=error.reason) from error
    except RecursionError as error:
        raise InputError(f"{name} is not valid YAML.", why="It is nested too deeply.") from error


def read(path: Path, name: str = "", *, parser: Callable[[bytes, str], Parsed] = parse) -> Parsed:
    """Read a file; errors name it by `name` or by its path.

    Args:
        path: of the file.
        name: "" is the path.
        parser: `parse` or `parse_merged`.

    Raises:
        InputError: it cannot be read (see `given`), is not YAML, or not a mapping.
    """
    return parser(given.content(path), name or str(path))


def load(path: Path) -> Document:
    """Read a file; a duplicate key is an error.

    Raises:
        InputError: as `read`, or a key is a duplicate.
    """
    parsed = read(path)
    for duplicate in parsed.duplicates:
        raise InputError(duplicate)
    return parsed.content


def line_of(path: Path, keys: Iterable[str | int]) -> int:
    """The line (from 1) of the deepest existing key along `keys` in a file."""
    return read(path).line(keys) or 1


def parse_all(text: str | bytes, name: str = "The manifest") -> list[Any]:
    """The non-empty documents of a stream, split as in kubectl and helm.

    Source: k8s.io/apimachinery/pkg/util/yaml: a line that starts with `---` ends a document,
    and only a comment may follow on it.

    Raises:
        InputError: one is not YAML, or not a mapping.
    """
    documents = (parse(part, name).content for part in parts(text, name))
    return [document for document in documents if document]


def parts(text: str | bytes, name: str = "The manifest") -> list[str]:
    """The texts of a stream's documents, with their comments; see `parse_all`.

    Raises:
        InputError: it is not UTF-8 text.
    """
    return _SEPARATOR.split(_decoded(text, name))


def _decoded(text: str | bytes, name: str) -> str:
    try:
        return text if isinstance(text, str) else text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text.", why=str(error)) from error
