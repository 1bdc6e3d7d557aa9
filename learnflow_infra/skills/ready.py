"""Readiness in skill.yaml (`ready` of a release): rules for statuses, and declared causes."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.clients import cel
from learnflow_infra.errors import InputError
from learnflow_infra.models import DeclaredCause, Document, ReadyRule
from learnflow_infra.quantities import seconds
from learnflow_infra.readiness.causes import Code
from learnflow_infra.readiness.groups import group_of
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
    """Check what the schema cannot: expressions compile, and codes and kinds exist.

    Args:
        path: the skill.yaml that `document` was read from.
        document: valid by its schema.

    Raises:
        InputError: with file and line of the first fault.
    """
    for number, release in enumerate(document["releases"]):
        ready = release.get("ready", {})
        for place, message, why in _faults(ready):
            line = documents.line_of(path, ["releases", number, "ready", *place])
            raise InputError(f"{path}:{line}: {message}", why=why)


_Place = tuple[str | int, ...]
"""The keys below `ready`."""


def _faults(ready: Document) -> Iterator[tuple[_Place, str, str]]:
    """The place of each fault, what is wrong, and why."""
    for place, text, kind in _texts(ready):
        try:
            _COMPILERS[kind](text)
        except ValueError as error:
            yield place, f"{place[-1]} is not a valid {kind}: {text!r}.", str(error)
    for check in (_causes_faults, _grace_faults, _rules_faults):
        for place, message in check(ready):
            yield place, message, ""


def _causes_faults(ready: Document) -> Iterator[tuple[_Place, str]]:
    """Codes that are declared twice, or are built in."""
    codes = [cause["code"] for cause in ready.get("causes", ())]
    for number, code in enumerate(codes):
        place = ("causes", number, "code")
        if code in codes[:number]:
            yield place, f"{code} is declared twice."
        if code in set(Code):
            yield place, f"{code} is a built-in cause; choose another code."


def _grace_faults(ready: Document) -> Iterator[tuple[_Place, str]]:
    """Graces of unknown codes."""
    codes = [*Code, *(cause["code"] for cause in ready.get("causes", ()))]
    for code in ready.get("grace", ()):
        if code not in codes:
            near = difflib.get_close_matches(code, codes, n=1)
            hint = f" Did you mean {near[0]}?" if near else " See docs/causes.md."
            yield ("grace", code), f"there is no cause {code}.{hint}"


def _rules_faults(ready: Document) -> Iterator[tuple[_Place, str]]:
    """Rules for kinds that are not watched, and second rules for a kind."""
    kinds = []
    for number, rule in enumerate(ready.get("rules", ())):
        version, kind = rule["apiVersion"], rule["kind"]
        place = ("rules", number, "kind")
        if not is_watched(version, kind):
            yield place, f"a {kind} of {version} needs no rule: it is ready once it exists."
        if (group_of(version), kind) in kinds:
            what = f"{version} {kind} has two rules"
            yield place, f"{what}: a rule applies to every version of a group."
        kinds.append((group_of(version), kind))


def _texts(ready: Document) -> Iterator[tuple[_Place, str, str]]:
    """The place of each text that has to compile, the text, and its language."""
    for section, (kind, keys) in _TEXTS.items():
        for number, item in enumerate(ready.get(section, ())):
            for key in (key for key in keys if key in item):
                yield (section, number, key), item[key], kind


def _pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:  # re.error is no subclass of ValueError
        raise ValueError(str(error)) from error


_COMPILERS: Mapping[str, Callable[[str], object]] = {_CEL: cel.program, _REGEX: _pattern}
