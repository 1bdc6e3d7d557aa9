"""The commands that root performs for an ordinary user; each is sent as a JSON document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from learnflow_infra.errors import LearnflowError


@dataclass(frozen=True, kw_only=True)
class Up:
    """Create or start the cluster `name`; `subnet` is a /30, None for the next free one."""

    name: str
    subnet: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoadImages:
    """Build the images of these recipes (folders), and import them into a cluster's node."""

    name: str
    recipes: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class LoadArchive:
    """Import an archive of images with these references into a cluster's node."""

    name: str
    archive: Path
    references: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BuildImages:
    """Build the images of these recipes (folders) into the cache."""

    recipes: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Stop a cluster and keep its data."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Delete a cluster with its data."""

    name: str


Command = Up | LoadImages | LoadArchive | BuildImages | Stop | Delete


def document(command: Command) -> dict[str, Any]:
    """The command as JSON: the name of its class as `command`, and its fields."""
    fields = json.loads(json.dumps(asdict(command), default=str))
    return {"command": type(command).__name__, **fields}


def from_document(document: Mapping[str, Any]) -> Command:
    """The command of a `document`.

    Raises:
        LearnflowError: there is no such command, or a field is missing or of another type.
    """
    match document:
        case {"command": "Up", "name": str(name), "subnet": str() | None as subnet}:
            return Up(name=name, subnet=subnet)
        case {"command": "LoadImages", "name": str(name), "recipes": [*recipes]}:
            return LoadImages(name=name, recipes=tuple(map(Path, recipes)))
        case {
            "command": "LoadArchive",
            "name": str(name),
            "archive": str(archive),
            "references": [*references],
        }:
            texts = tuple(map(str, references))
            return LoadArchive(name=name, archive=Path(archive), references=texts)
        case {"command": "BuildImages", "recipes": [*recipes]}:
            return BuildImages(recipes=tuple(map(Path, recipes)))
        case {"command": "Stop", "name": str(name)}:
            return Stop(name=name)
        case {"command": "Delete", "name": str(name)}:
            return Delete(name=name)
    raise LearnflowError(
        f"Root was sent an unknown command: {document.get('command')!r}.",
        why="Nothing was done.",
        remedy="Run the same command again; the program may have been updated while it ran.",
    )
