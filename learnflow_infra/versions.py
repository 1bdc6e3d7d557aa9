"""Every version that the project ships, drives or builds with: versions.yaml, read and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, NewType

from learnflow_infra import documents
from learnflow_infra.models import Document
from learnflow_infra.paths import repo_root

Role = Literal["ships", "builds", "drives"]
"""`ships`: installed by a deploy. `builds`: only on this host. `drives`: made by others."""
Line = NewType("Line", str)
"""The releases that are supported together, as 1.37 or 17: the first numbers of a version."""


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Why a component stays after its support, and until when that is accepted."""

    until: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class Support:
    """How long a component's lines are supported.

    Attributes:
        source: the address of the page that says so, of the component's own project; "" if none.
        ends: the day on which each line's support ends, if dates are published.
        lines: how many of the newest lines are supported, if that is the rule; else 0.
        depth: how many numbers of a version make a line (2: 1.37).
        note: the rule in words, if none is published.
    """

    source: str
    ends: Mapping[Line, date]
    lines: int
    depth: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Component:
    """One entry of versions.yaml.

    Attributes:
        name: as documents write it.
        role: see `Role`.
        version: the version or line in use; "" for packages that a file pins.
        newest: the newest version when the file was last checked.
        registry: `go`, `maven`, `pip`, `chart`, `pins` or "": which client knows its versions.
        package: its name there; for `pins` the file that pins many packages.
        support: how long it is supported.
        exemption: set if it may stay all the same.
    """

    name: str
    role: Role
    version: str
    newest: str
    registry: str
    package: str
    support: Support
    exemption: Exemption | None


@dataclass(frozen=True, kw_only=True)
class Versions:
    """The file: when its dates and newest versions were last checked, and the components."""

    checked: date
    components: Mapping[str, Component]

    def version(self, name: str) -> str:
        """The version of a component in use.

        Raises:
            KeyError: no component has this name.
        """
        return self.components[name].version


def path() -> Path:
    """The file in the checkout."""
    return repo_root() / "versions.yaml"


def load(file: Path | None = None) -> Versions:
    """Read the checkout's file, or another one.

    Raises:
        InputError: it cannot be read, or does not match its schema.
    """
    name = file or path()
    document = documents.load(name)
    documents.check(name, document, "versions")
    return Versions(
        checked=date.fromisoformat(document["checked"]),
        components={key: _component(key, entry) for key, entry in document["components"].items()},
    )


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, by which versions are compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def minor(version: str) -> tuple[int, ...]:
    """Major and minor version, by which minor versions are compared; () if the text is none."""
    match = re.match(r"v?\d+\.\d+", version)
    return numbers(match[0]) if match else ()


def line(version: str, depth: int) -> Line:
    """The line of a version: its first numbers."""
    return Line(".".join(version.removeprefix("v").split(".")[:depth]))


def _component(name: str, entry: Document) -> Component:
    version: str = entry.get("version", "")
    ((registry, package),) = entry.get("registry", {"": ""}).items()
    return Component(
        name=name,
        role=entry["role"],
        version=version,
        newest=entry.get("newest", version),
        registry=registry,
        package=package,
        support=_support(entry["support"]),
        exemption=_exemption(entry.get("exemption")),
    )


def _support(entry: Document) -> Support:
    ends = {Line(key): date.fromisoformat(day) for key, day in entry.get("ends", {}).items()}
    newest: Mapping[str, Any] = entry.get("newest", {})
    return Support(
        source=entry.get("source", ""),
        ends=ends,
        lines=newest.get("lines", 0),
        depth=newest.get("depth", 2),
        note=entry.get("note", ""),
    )


def _exemption(entry: Document | None) -> Exemption | None:
    if entry is None:
        return None
    return Exemption(until=date.fromisoformat(entry["until"]), reason=entry["reason"])
