"""What skill.yaml says of readiness (`ready` of a release): rules, and causes of its own."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.clients import cel
from learnflow_infra.errors import InputError
from learnflow_infra.models import DeclaredCause, Document, ReadyRule
from learnflow_infra.quantities import seconds
from learnflow_infra.readiness.causes import POLICIES
from learnflow_infra.readiness.watched import is_watched
from learnflow_infra.remedy import Remedy

_CEL, _REGEX = "expression in CEL", "regular expression"
_TEXTS = {
    "rules": (_CEL, ("current", "inProgress", "failed")),
    "causes": (_REGEX, ("log", "check")),
}


def rules(item: Document) -> tuple[ReadyRule, ...]:
    """The rules of a release's `ready`."""
    return tuple(
        ReadyRule(
            api_version=rule["apiVersion"],
            kind=rule["kind"],
            current=rule["current"],
            in_progress=rule.get("inProgress", ""),
            failed=rule.get("failed", ""),
        )
        for rule in item.get("rules", ())
    )


def causes(item: Document) -> tuple[DeclaredCause, ...]:
    """The causes that a release's `ready` declares."""
    return tuple(
        DeclaredCause(
            **{
                **cause,
                "remedy": Remedy.from_document(cause["remedy"]),
                "grace": seconds(cause.get("grace", "60s")),
            }
        )
        for cause in item.get("causes", ())
    )


def check(path: Path, document: Document) -> None:
    """Compile every expression of CEL and every regular expression; know every code and kind.

    Args:
        path: the skill.yaml that `document` was read from.
        document: as its schema allows it.

    Raises:
        InputError: with file and line of the first that is malformed, unknown, or stands twice.
    """
    for number, release in enumerate(document["releases"]):
        ready = release.get("ready", {})
        for keys, text, kind in _texts(ready):
            try:
                _COMPILERS[kind](text)
            except ValueError as error:
                line = documents.line_of(path, ["releases", number, "ready", *keys])
                raise InputError(
                    f"{path}:{line}: {keys[-1]} is no {kind}: {text!r}.", why=str(error)
                ) from error
        for keys, words in (*_twins(ready), *_unknown(ready), *_unwatched(ready)):
            line = documents.line_of(path, ["releases", number, "ready", *keys])
            raise InputError(f"{path}:{line}: {words}")


def _twins(ready: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a cause or a rule stands that an earlier one has the name of."""
    causes = [cause["code"] for cause in ready.get("causes", ())]
    kinds = [f"{rule['apiVersion']} {rule['kind']}" for rule in ready.get("rules", ())]
    for section, key, names in (("causes", "code", causes), ("rules", "kind", kinds)):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield (section, number, key), f"{name} stands twice."


def _unknown(ready: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a grace is of a code that there is not."""
    known = [*POLICIES, *(cause["code"] for cause in ready.get("causes", ()))]
    for code in ready.get("grace", ()):
        if code not in known:
            near = difflib.get_close_matches(code, known, n=1)
            meant = f" Did you mean {near[0]}?" if near else " See docs/causes.md."
            yield ("grace", code), f"there is no cause {code}.{meant}"


def _unwatched(ready: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a rule is of a kind that no release is waited for."""
    for number, rule in enumerate(ready.get("rules", ())):
        version, kind = rule["apiVersion"], rule["kind"]
        if not is_watched(version, kind):
            words = f"a {kind} of {version} is not waited for: it is ready once it exists."
            yield ("rules", number, "kind"), words


def _texts(ready: Document) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Where each text that has to be compiled stands, itself, and what it should be."""
    for section, (kind, keys) in _TEXTS.items():
        for number, item in enumerate(ready.get(section, ())):
            for key in (key for key in keys if key in item):
                yield (section, number, key), item[key], kind


def _pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:  # which is no ValueError
        raise ValueError(str(error)) from error


_COMPILERS: Mapping[str, Callable[[str], object]] = {_CEL: cel.program, _REGEX: _pattern}
