"""The helm program (the only import of pyhelm3).

Values go to helm by stdin, never by argument; helm's errors become this project's.
"""

import json
import logging
import re
import shutil
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pyhelm3 import errors as helm_errors
from pyhelm3.command import Command

from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    FoundationError,
    InputError,
    ReleaseFailedError,
)
from learnflow_infra.models import Document

T = TypeVar("T")
logging.getLogger("pyhelm3").setLevel(logging.CRITICAL)  # its warnings repeat our errors

_UNREACHABLE = ("connection refused", "no route to host", "i/o timeout", "cluster unreachable")
_SCHEMA = "values don't meet the specifications of the schema(s) in the following chart(s):"
HISTORY = 10


@dataclass(frozen=True, kw_only=True)
class Live:
    """A release as helm has it: `values` are the user-supplied ones, `manifest` without hooks.

    `begun` is when its last operation began, in seconds since 1970.
    """

    revision: int
    status: str
    manifest: str
    values: Document
    hooks: tuple[str, ...] = ()
    begun: float = 0.0

    @property
    def cut_off(self) -> bool:
        """An operation on it was begun and never ended; helm refuses to work on it."""
        return self.status.startswith(("pending", "uninstalling"))


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What to install as which release.

    `values` go to helm by stdin; `set_arguments` are repeated by `--set`, and hold nothing
    but integers (see values.typed).
    """

    release: str
    chart: Path
    values: Document
    set_arguments: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """How helm is told of the values."""
        return ["--values", "-", *(part for a in self.set_arguments for part in ("--set", a))]

    def stdin(self) -> bytes:
        """What helm reads by stdin."""
        return readable(json.dumps(self.values).encode())


_PAIR = re.compile(rb"\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def readable(text: bytes) -> bytes:
    """JSON as helm reads it: it takes no surrogate pairs, so characters above U+FFFF stand bare."""

    def bare(found: re.Match[bytes]) -> bytes:
        return str(json.loads(b'"%b"' % found[0])).encode() if found[1] else found[0]

    return _PAIR.sub(bare, text)


def executable() -> str:
    """Helm on PATH, or the one that this project's environment brings.

    Raises:
        FoundationError: there is none.
    """
    bundled = Path(sys.executable).parent / "helm"
    if bundled.exists():
        return str(bundled)
    found = shutil.which("helm")
    if found:
        return found
    raise FoundationError(
        "helm is missing.", remedy="Install it, or make the environment again: make setup"
    )


class _Command(Command):  # type: ignore[misc] # it has no types
    """Helm in the place of the shell that pyhelm3 starts: else, to end that would not end helm."""

    def __init__(self, **options: Any) -> None:
        super().__init__(executable="exec", **options)
        self._program = executable()

    async def run(self, command: Sequence[object], input: bytes | None = None) -> bytes:  # noqa: A002
        """Run helm; its standard output."""
        out: bytes = await super().run([self._program, *command], input)
        return out


class Helm:
    """Helm on one context and namespace."""

    def __init__(self, *, kubeconfig: Path | None, context: str | None, namespace: str) -> None:
        self._namespace = namespace
        self._command = _Command(
            kubeconfig=kubeconfig,
            kubecontext=context,
            history_max_revisions=HISTORY,
        )

    async def live(self, release: str) -> Live | None:
        """The newest revision of a release, or None when there is none."""
        command = ["status", release, "--output", "json", "--namespace", self._namespace]
        try:
            text = await _translate(release, self._command.run(command))
        except _MissingReleaseError:
            return None
        return _live(_json(text))

    async def require(self, release: str) -> Live:
        """The newest revision of a release.

        Raises:
            ReleaseFailedError: there is none.
        """
        found = await self.live(release)
        if found is None:
            raise _MissingReleaseError(
                f"There is no release {release}.", remedy="learnflow-infra deploy"
            )
        return found

    async def render(self, what: Installation) -> Live:
        """What an upgrade would install, rendered by the cluster: `lookup` finds what is there."""
        return await self._upgrade(what, "--dry-run=server")

    async def upgrade(self, what: Installation, *, seconds: float) -> Live:
        """Install or upgrade; returns when helm's hooks are done, not when pods are ready."""
        return await self._upgrade(what, "--timeout", f"{int(seconds)}s")

    async def _upgrade(self, what: Installation, *options: str) -> Live:
        """CRDs are not helm's: it would install and never upgrade them (see engine.crds)."""
        command = ["upgrade", what.release, what.chart, "--install", "--skip-crds"]
        command += ["--history-max", str(HISTORY), "--output", "json", *options]
        command += ["--namespace", self._namespace, *what.arguments()]
        text = await _translate(what.release, self._command.run(command, what.stdin()))
        return _live(_json(text[text.index(b"{") :]))

    async def rollback(self, release: str, revision: int) -> None:
        """Roll back to a revision."""
        await _translate(
            release, self._command.rollback(release, revision, namespace=self._namespace)
        )

    async def uninstall(self, release: str) -> None:
        """Uninstall; returns when its objects are deleted, not when they are gone."""
        await _translate(release, self._command.uninstall(release, namespace=self._namespace))

    async def deployed_revisions(self, release: str) -> list[int]:
        """Revisions that were once in force, newest first."""
        history = await _translate(
            release, self._command.history(release, namespace=self._namespace)
        )
        good = [r for r in history if r["status"] in {"deployed", "superseded"}]
        return sorted((int(r["revision"]) for r in good), reverse=True)

    async def computed_values(self, release: str) -> Document:
        """All values that the chart saw, its defaults included."""
        values = self._command.get_values(release, computed=True, namespace=self._namespace)
        return await _translate(release, values)


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a chart is told of a cluster that is not asked: its version and API versions."""

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


async def template(
    what: Installation,
    *,
    namespace: str,
    capabilities: Capabilities,
    crds: bool = False,
) -> str:
    """The manifest, hooks included, as `helm template` makes it without a cluster."""
    options = ["--namespace", namespace, "--include-crds" if crds else "--skip-crds"]
    if capabilities.kube_version:
        options += ["--kube-version", capabilities.kube_version]
    for version in capabilities.api_versions:
        options += ["--api-versions", version]
    command = ["template", what.release, what.chart, *options, *what.arguments()]
    work = _Command().run(command, what.stdin())
    text: bytes = await _translate(what.release, work)
    return text.decode()


class _MissingReleaseError(ReleaseFailedError):
    """There is no release of that name."""


async def _translate(release: str, work: Coroutine[Any, Any, T]) -> T:
    """Await one helm call; its error becomes ours, with helm's own words as the cause."""
    try:
        return await work
    except helm_errors.ReleaseNotFoundError as error:
        raise _MissingReleaseError(f"There is no release {release}.") from error
    except helm_errors.ChartNotFoundError as error:
        raise ArtifactError(f"The chart of {release} cannot be had.", why=_words(error)) from error
    except helm_errors.Error as error:
        words = _words(error)
        if any(mark in words.lower() for mark in _UNREACHABLE):
            raise ClusterUnreachableError(
                "helm cannot reach the cluster.", why=words, remedy="learnflow-infra doctor"
            ) from error
        if _SCHEMA in words:
            raise InputError(
                f"The values of {release} do not fit its chart.",
                why=words.partition(_SCHEMA)[2].strip(),
                remedy="Correct the values; the chart's values.yaml describes each.",
            ) from error
        raise ReleaseFailedError(
            f"helm could not handle the release {release}.",
            why=words,
            remedy="See what runs there: learnflow-infra diagnose",
        ) from error


def _words(error: helm_errors.Error) -> str:
    text: str = error.stderr.decode("utf-8", "replace").strip()
    return text


def _json(text: bytes) -> Document:
    document: Document = json.loads(text)
    return document


def _live(document: Document) -> Live:
    info = document["info"]
    begun = datetime.fromisoformat(info.get("deleted") or info["last_deployed"])
    return Live(
        revision=int(document["version"]),
        status=str(info["status"]),
        manifest=str(document.get("manifest", "")),
        values=document.get("config") or {},
        hooks=tuple(hook["manifest"] for hook in document.get("hooks") or ()),
        begun=begun.timestamp(),
    )
