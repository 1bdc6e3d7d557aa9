"""An image recipe, read and checked: the contents of an image, and its digest.

A recipe is a folder with an image.yaml (schema: learnflow_infra/schemas/image.schema.json) and
the files that it copies. Its digest covers all of these and this builder's FORMAT, so an
image is built again exactly when one of its inputs changed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from learnflow_infra import documents
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document
from learnflow_infra.references import LOCAL

FORMAT = 1
"""Incremented when the builder makes another image of the same recipe."""


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """An image's name in Helm's three parts."""

    registry: str
    repository: str
    tag: str

    def __str__(self) -> str:
        """As a pod spec takes it."""
        return f"{self.registry}/{self.repository}:{self.tag}"


@dataclass(frozen=True, kw_only=True)
class Maven:
    """Jars by coordinates (group:artifact:version) with what they need at run time."""

    dest: str
    artifacts: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    checksums: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """A checked recipe. `users`, `files`, `directories` are entries as in image.yaml.

    `digest` is SHA-256 in hex over FORMAT, image.yaml and every file it names.
    """

    folder: Path
    digest: str
    name: str
    version: str
    suite: str
    packages: tuple[str, ...]
    users: tuple[Document, ...]
    directories: tuple[Document, ...]
    files: tuple[Document, ...]
    links: Mapping[str, str]
    maven: Maven | None
    run: tuple[tuple[str, ...], ...]
    remove: tuple[str, ...]
    config: Document

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `folder`/image.yaml.

        Raises:
            InputError: naming file and line of every fault, also of a missing source file.
        """
        path = folder / "image.yaml"
        document = documents.load(path)
        documents.check(path, document, "image")
        inputs = {"image.yaml"}
        for keys, source in _sources(document):
            _require_below(folder, path, source, keys)
            inputs.add(source)
        return cls(
            folder=folder,
            digest=_digest(folder, inputs),
            name=document["name"],
            version=document["version"],
            suite=document["suite"],
            packages=tuple(document["packages"]),
            users=tuple(document.get("users", ())),
            directories=tuple(document.get("directories", ())),
            files=tuple(document.get("files", ())),
            links=document.get("links", {}),
            maven=_maven(folder, document.get("maven")),
            run=tuple(tuple(command) for command in document.get("run", ())),
            remove=tuple(document.get("remove", ())),
            config=document["config"],
        )

    def reference(self) -> ImageRef:
        """The image's name in the cluster."""
        tag = f"{self.version}-{self.digest[:10]}"
        return ImageRef(registry=LOCAL, repository=self.name, tag=tag)


def _digest(folder: Path, inputs: Iterable[str]) -> str:
    total = hashlib.sha256(f"{FORMAT}\n".encode())
    for name in sorted(inputs):
        content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        total.update(f"{content}  {name}\n".encode())
    return total.hexdigest()


def _maven(folder: Path, section: Mapping[str, Any] | None) -> Maven | None:
    if section is None:
        return None
    checksums = section.get("checksums")
    return Maven(
        dest=section["dest"],
        artifacts=tuple(section["artifacts"]),
        exclude=tuple(section.get("exclude", ())),
        checksums=folder / checksums if checksums else None,
    )


def _sources(document: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, entry in enumerate(document.get("files", ())):
        yield ("files", index, "source"), entry["source"]
    if checksums := document.get("maven", {}).get("checksums"):
        yield ("maven", "checksums"), checksums


def _require_below(folder: Path, path: Path, source: str, keys: tuple[str | int, ...]) -> None:
    resolved = (folder / source).resolve()
    if not resolved.is_file() or not resolved.is_relative_to(folder.resolve()):
        line = documents.line_of(path, keys)
        raise InputError(f"{path}:{line}: there is no file {source} in {folder}.")
