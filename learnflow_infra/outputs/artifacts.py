"""The files of learnflow-app/phase-2-infrastructure/, each replaced atomically."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from learnflow_infra.documents import dump_all
from learnflow_infra.errors import LockedError
from learnflow_infra.objects import Object
from learnflow_infra.outputs import endpoints as endpoint_texts
from learnflow_infra.outputs.contracts import DeployReport, EndpointsDocument
from learnflow_infra.outputs.report import html
from learnflow_infra.system import files, locks


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder against other runs of this checkout.

    Raises:
        LockedError: another run holds it.
        FoundationError: the folder cannot be written.
    """
    path = folder / ".lock"

    def refuse() -> None:
        raise LockedError(
            "Another deploy or delete of this checkout is under way.",
            why=f"It holds {path}.",
            remedy="Wait for it to end, or stop it with Ctrl-C where it runs.",
        )

    with locks.hold(path, refuse):
        yield


PRIVATE = 0o600
"""Permissions of files that hold manifests, values or logs: these may have secrets in clear."""
ENDPOINT_FILES = ("infra-endpoints.txt", "endpoints.json", "endpoints.env")


def endpoints(folder: Path) -> EndpointsDocument:
    """The document of endpoints.json; empty where none was written."""
    try:
        document: EndpointsDocument = json.loads(
            (folder / "endpoints.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def write_endpoints(folder: Path, doc: EndpointsDocument, kubectl: str) -> None:
    """Write the three endpoint files: for people, for programs, for shells."""
    texts = (
        endpoint_texts.as_text(doc, kubectl),
        json.dumps(doc, indent=2) + "\n",
        endpoint_texts.as_env(doc),
    )
    for name, text in zip(ENDPOINT_FILES, texts, strict=True):
        files.update(folder / name, text)


def write_release(folder: Path, release: str, *, values: str, manifest: str, origins: str) -> None:
    """Write a release's values, the origin of each, and the manifest rendered from them."""
    base = folder / "releases" / release
    files.update(base / "values.yaml", values, PRIVATE)
    files.update(base / "manifest.yaml", manifest, PRIVATE)
    if origins:
        files.update(base / "origins.yaml", origins, PRIVATE)
    else:  # after a rollback, the origins of the values are unknown
        (base / "origins.yaml").unlink(missing_ok=True)


def write_failed(folder: Path, release: str, text: str) -> Path:
    """Write what is known of a release that failed; returns the file's path."""
    path = folder / "releases" / release / "failed.yaml"
    files.update(path, text, PRIVATE)
    return path


def write_crds(folder: Path, chart: str, crds: Iterable[Object]) -> Path:
    """Write a chart's CRDs for an administrator; returns the file's path.

    `helm show crds` is no way: it takes registries' own names, and Helm 3 prints the documents
    without separators.
    """
    path = folder / "crds" / f"{chart}.yaml"
    files.update(path, dump_all(crds))
    return path


def forget_releases(folder: Path, releases: Iterable[str]) -> None:
    """Remove the files of releases that are deleted."""
    for release in releases:
        shutil.rmtree(folder / "releases" / release, ignore_errors=True)
    with suppress(OSError):  # it holds other releases, or does not exist
        (folder / "releases").rmdir()


def forget_endpoints(folder: Path) -> None:
    """Remove the endpoint files."""
    for name in ENDPOINT_FILES:
        (folder / name).unlink(missing_ok=True)


def written_for(folder: Path) -> tuple[str, str] | None:
    """The context and namespace of endpoints.json; None where it has none."""
    document = endpoints(folder)
    if not {"context", "namespace"} <= document.keys():
        return None
    return str(document["context"]), str(document["namespace"])


def write_report(folder: Path, report: DeployReport) -> None:
    """Write deploy-report.json, and its page."""
    files.update(folder / "deploy-report.json", json.dumps(report, indent=2) + "\n", PRIVATE)
    files.update(folder / "deploy-report.html", html(report), PRIVATE)
