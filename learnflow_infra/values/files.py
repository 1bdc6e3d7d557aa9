"""Values files as Helm reads them, with the line of every key.

Helm turns YAML into JSON first, so keys become text, and only the first document counts. A
key that stands twice is taken (the last one wins), and told as a warning.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.values import scalars
from learnflow_infra.values.composer import Composer, Keys


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

    def typed_source(self, path: Keys) -> str:
        """The same, for a file that somebody named on the command line."""
        return f"-f {self.source(path)}"


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


def parse(text: bytes, name: str) -> ValuesFile:
    """The values of a YAML text; `name` stands for it in errors.

    Raises:
        InputError: with the line, when it is no YAML or no mapping.
    """
    composer = Composer(name)
    try:
        values = composer.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark or error.context_mark, "line", 0)
        raise composer.fault(line, str(error.problem)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{name}: this is no valid YAML.", why=str(error)) from error
    if not isinstance(values, dict | None):
        raise InputError(f"{name}:1: a mapping is expected here, not {type(values).__name__}.")
    return ValuesFile(
        name=name, values=values or {}, lines=composer.lines, warnings=tuple(composer.warnings)
    )


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
