"""Files of learnflow-app/phase-2-infrastructure/, each replaced whole."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from learnflow_infra.errors import FoundationError, LockedError
from learnflow_infra.models import Document
from learnflow_infra.outputs import endpoints as endpoint_texts
from learnflow_infra.outputs.report import html


def write(path: Path, text: str) -> None:
    """Replace a file atomically; readers see the old text or the new, never a part.

    Raises:
        FoundationError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(file.name).chmod(0o666 & ~umask)
        Path(file.name).replace(path)
    except OSError as error:
        raise FoundationError(
            f"{path} cannot be written.",
            why=error.strerror or str(error),
            remedy=f"Make {path.parent} writable for you, and free some disk.",
        ) from error


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder against other runs of this checkout.

    Raises:
        LockedError: another run holds it.
        FoundationError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a+")
    except OSError as error:
        raise FoundationError(f"{folder} cannot be written.", why=str(error.strerror)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                "Another deploy or delete of this checkout is under way.",
                why=f"It holds {folder / '.lock'}.",
                remedy="Wait for it to end, or stop it with Ctrl-C where it runs.",
            ) from error
        yield


ENDPOINT_FILES = ("infra-endpoints.txt", "endpoints.json", "endpoints.env")


def endpoints(folder: Path) -> Document:
    """The endpoints that were written last; empty where there are none."""
    try:
        document: Document = json.loads((folder / "endpoints.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document


def write_endpoints(folder: Path, doc: Document, kubectl: str) -> None:
    """Write the three endpoint files: for people, for programs, for shells."""
    texts = (
        endpoint_texts.as_text(doc, kubectl),
        json.dumps(doc, indent=2) + "\n",
        endpoint_texts.as_env(doc),
    )
    for name, text in zip(ENDPOINT_FILES, texts, strict=True):
        write(folder / name, text)


def write_release(folder: Path, release: str, *, values: str, manifest: str, origins: str) -> None:
    """The values that helm was given, where each came from, and the manifest made of them."""
    base = folder / "releases" / release
    write(base / "values.yaml", values)
    write(base / "manifest.yaml", manifest)
    if origins:
        write(base / "origins.yaml", origins)
    else:  # after a rollback: the values are those of then, and their origins are not known
        (base / "origins.yaml").unlink(missing_ok=True)


def forget(folder: Path, where: tuple[str, str], releases: Iterable[str]) -> None:
    """Remove what tells of releases that are gone, unless another place was deployed to since.

    Args:
        folder: of the artifacts.
        where: context and namespace of the releases.
        releases: their names.
    """
    if written_for(folder) in {where, None}:
        for release in releases:
            shutil.rmtree(folder / "releases" / release, ignore_errors=True)
        with suppress(OSError):  # others are there, or none was ever written
            (folder / "releases").rmdir()


def forget_endpoints(folder: Path) -> None:
    """Remove the endpoint files: the last endpoint is gone."""
    for name in ENDPOINT_FILES:
        (folder / name).unlink(missing_ok=True)


def written_for(folder: Path) -> tuple[str, str] | None:
    """The context and namespace that the artifacts tell of; None where they do not say."""
    document = endpoints(folder)
    if not {"context", "namespace"} <= document.keys():
        return None
    return str(document["context"]), str(document["namespace"])


def write_report(folder: Path, report: Document) -> None:
    """deploy-report.json, and the page that shows it."""
    write(folder / "deploy-report.json", json.dumps(report, indent=2) + "\n")
    write(folder / "deploy-report.html", html(report))
