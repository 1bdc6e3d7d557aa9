"""Read the user's values from files and flags, and check their top-level keys.

As in an umbrella chart, a top-level key is a release, or `global` for all releases.
"""

import copy
import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.documents import given
from learnflow_infra.documents.reading import Parsed, parse, parse_merged, read
from learnflow_infra.errors import InputError
from learnflow_infra.masking import MASK, masked_values
from learnflow_infra.models import ReleaseName, Values
from learnflow_infra.values import grammar
from learnflow_infra.values.assign import PathError, assign, describe, refusal
from learnflow_infra.values.numbers import WHY, require_exact, rounded_in_json
from learnflow_infra.values.origins import Keys, Statement, dotted, lay
from learnflow_infra.values.reader import Assignment
from learnflow_infra.values.shared import GLOBAL
from learnflow_infra.values.typed import unmarked

SHOWN = 60
"""Maximum length of a flag's value in messages, in characters."""


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The flags as typed; in `files`, `-` is stdin and `a,b` are two files, as in Helm."""

    files: tuple[Path, ...] = ()
    set_json: tuple[str, ...] = ()
    set_values: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_file: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlagValue:
    """An assignment and its flag."""

    flag: str
    assignment: Assignment

    @property
    def source(self) -> str:
        """The flag with only this assignment, with secrets masked."""
        typed = self.assignment.typed
        value = self.assignment.value
        if self.flag != "--set-file":  # which shows a path, not the value
            typed = typed if len(typed) <= SHOWN else typed[: SHOWN - 1] + "…"
            typed = typed if masked_values(value, self.assignment.path) == value else MASK
        return f"{self.flag} {self.assignment.key}={typed}"


@dataclass(frozen=True, kw_only=True)
class FlagObject:
    """An object of `--set-json`, which is merged as a file is; secrets are masked in `source`."""

    values: Values

    def source(self, path: Keys) -> str:
        """The flag with the path of a key."""
        return f"--set-json {{{dotted(path)}}}"


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Files, and what flags set, in the order in which they apply."""

    files: tuple[Parsed, ...] = ()
    assignments: tuple[FlagValue | FlagObject, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Duplicate keys, which Helm accepts silently."""
        return tuple(text for file in self.files for text in file.duplicates)

    def lay_on(self, umbrella: Values, release: str, statements: list[Statement]) -> Values:
        """The umbrella's values merged with those for a release and `global`.

        Raises:
            InputError: a path of a flag does not fit the values.
        """
        keys = (release, GLOBAL)
        for file in self.files:
            scoped = {key: value for key, value in file.content.items() if key in keys}
            umbrella = lay(umbrella, scoped, partial(_source, file), statements)
        umbrella = copy.deepcopy(umbrella)
        for item in self.assignments:
            if isinstance(item, FlagObject):
                scoped = {key: value for key, value in item.values.items() if key in keys}
                umbrella = lay(umbrella, copy.deepcopy(scoped), item.source, statements)
            elif item.assignment.path[0] in keys:
                _assign(umbrella, item, statements)
        return umbrella


def _source(file: Parsed, path: Keys) -> str:
    return f"-f {file.source(path)}"


def _assign(umbrella: Values, item: FlagValue, statements: list[Statement]) -> None:
    try:
        assign(umbrella, item.assignment)
    except PathError as error:
        raise refusal(item.flag, item.assignment, error) from error
    path: list[str] = []
    value: object = umbrella
    for step in item.assignment.path:
        if not isinstance(step, str):
            break  # a list is one value
        if not isinstance(value, dict) or step not in value:
            return  # Helm sets nothing, as for an empty name
        path.append(step)
        value = value[step]
    statements.append(Statement(path=tuple(path), value=unmarked(value), source=item.source))


def read_overrides(
    flags: Flags, releases: Sequence[ReleaseName], dialect: Dialect = HELM_4
) -> Overrides:
    """Read files and flags; Helm's order: files, --set-json, --set, --set-string, --set-file.

    Args:
        flags: the user's.
        releases: all releases, deployed or not.
        dialect: of the helm that gets the values.

    Raises:
        InputError: a file or flag cannot be read, is malformed, or names an unknown release.
    """
    names = [name for path in flags.files for name in next(csv.reader([str(path)]), ())]
    loaded = tuple(_read_file(Path(name), dialect) for name in names)
    for file in loaded:
        for key in file.content:
            _check_scope(file.source((key,)), key, releases)
        require_exact(file)
    typed = [
        ("--set-json", flags.set_json),
        ("--set", flags.set_values),
        ("--set-string", flags.set_string),
        ("--set-file", flags.set_file),
    ]
    assignments = tuple(
        item
        for flag, texts in typed
        for text in texts
        for item in _read_flag(flag, text, releases, dialect)
    )
    return Overrides(files=loaded, assignments=assignments)


def _read_flag(
    flag: str, text: str, releases: Sequence[ReleaseName], dialect: Dialect
) -> Iterator[FlagValue | FlagObject]:
    if not text:
        why = "Helm ignores it, but a variable of your shell may be unset."
        remedy = f"Type {flag} RELEASE.KEY=VALUE, or leave the flag out."
        raise InputError(f"{flag} is empty.", why=why, remedy=remedy)
    whole = grammar.json_object(text) if flag == "--set-json" and dialect.json_objects else None
    if whole is not None:
        for key in whole:
            _check_scope(f"{flag} {{{key}}}", key, releases)
        _require_exact(f"{flag} {{{', '.join(whole)}}}", text)
        yield FlagObject(values=whole)
        return
    for assignment in grammar.parse(flag, text, _read_text, dialect):
        item = FlagValue(flag=flag, assignment=assignment)
        _check_scope(f"{flag} {assignment.key}", assignment.path[0], releases)
        if flag == "--set-json":
            _require_exact(item.source, assignment.typed)
        yield item


def _require_exact(source: str, typed: str) -> None:
    if rounded_in_json(typed):
        raise InputError(
            f"{source}: an integer in it would be rounded by Helm.",
            why=WHY,
            remedy='Write it as a text, in quotes: "9223372036854775807"',
        )


def _read_file(path: Path, dialect: Dialect) -> Parsed:
    """A values file; `-` is stdin, as in Helm, which is empty on a second read."""
    parser = parse_merged if dialect.all_documents else parse
    name = "stdin" if str(path).strip() == "-" else ""
    return read(path, name, parser=parser)


def _read_text(path: str) -> str:
    """The content of a file of `--set-file`."""
    try:
        return given.content(path, f"--set-file: {path or 'an empty path'}").decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"--set-file: {path} is not UTF-8 text.",
            why="Helm would change its bytes when it stores the release.",
            remedy="Keep it in a Secret, and name that in the values.",
        ) from error


def _check_scope(where: str, key: object, releases: Sequence[ReleaseName]) -> None:
    known = [*releases, GLOBAL]
    if key in known:
        return
    near = difflib.get_close_matches(str(key), known, n=1)
    places = " or ".join(f"{release}.{key}" for release in releases)
    raise InputError(
        f"{where}: {key!r} is not a release.",
        why="The top-level key is the release: " + ", ".join(known),
        remedy=f"Did you mean {near[0]}?" if near else f"Write it below its release: {places}",
    )


def refuse_kind(release: str, value: object, statements: Sequence[Statement]) -> InputError:
    """The error for a release whose values are not a mapping."""
    last = next((s for s in reversed(statements) if s.path == (release,)), None)
    where = f"{last.source}: " if last else ""
    return InputError(
        f"{where}{release!r} must be a mapping of the chart's values, not {describe(value)}.",
        remedy=f"Leave it out, or write {release}: {{}} to set nothing.",
    )
