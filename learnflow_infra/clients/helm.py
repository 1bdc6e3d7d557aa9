"""Helm releases: read, render, install, roll back and uninstall them.

Helm gets values by stdin, never by argument. Its errors are raised as this project's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from learnflow_infra.clients.helm_program import (
    HelmCommand,
    MissingReleaseError,
    translate,
)
from learnflow_infra.clients.installation import Installation
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.models import Document, Values
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.timestamps import seconds_of

HISTORY = 10
"""Revisions that helm keeps of a release."""
_FAILURE = re.compile(r'(Release|Upgrade|Rollback) "[^"]*" failed')


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A release as helm renders it: `values` are the user-supplied ones."""

    manifest: Manifest
    values: Values


@dataclass(frozen=True, kw_only=True)
class Live(Rendered):
    """A revision of a release in helm's record, mostly the newest.

    `status` is Helm's (`deployed`, `failed`, `pending-upgrade`, ...); `begun` is the start of
    its last operation, in seconds since 1970.
    """

    revision: int
    status: str
    begun: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision in helm's history.

    `status` is Helm's; `updated` is when its operation began, in seconds since 1970; `chart` is
    the chart's name and version (`demo-1.0.0`).
    """

    revision: int
    status: str
    updated: float
    description: str
    chart: str
    app_version: str

    @property
    def was_deployed(self) -> bool:
        """Whether helm once finished an install, upgrade or rollback to this revision.

        Helm calls failed revisions superseded, too, once a later one is deployed; they keep
        the description of their failure.

        Source: `failRelease` and `performRollback` in helm's pkg/action.
        """
        ended = self.status in {"deployed", "superseded"}
        return ended and not _FAILURE.match(self.description)


class Helm:
    """Helm on one context and namespace."""

    def __init__(
        self,
        *,
        kubeconfig: Path | None,
        context: str | None,
        namespace: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is run yet.

        Args:
            kubeconfig: a file; None leaves it to helm ($KUBECONFIG).
            context: None takes the current one.
            namespace: of the releases.
            environment: variables to add to this process's own.
        """
        self._namespace = namespace
        self._command = HelmCommand(
            kubeconfig=kubeconfig,
            context=context,
            environment=environment,
            history_max_revisions=HISTORY,
        )

    async def live(self, release: str, *, revision: int | None = None) -> Live | None:
        """A revision of a release, by default the newest; None if it does not exist."""
        command = ["status", release, "--output", "json", "--namespace", self._namespace]
        command += ["--revision", str(revision)] if revision is not None else []
        try:
            text = await translate(release, self._command.run(command))
        except MissingReleaseError:
            return None
        return _live(_loads(text))

    async def require(self, release: str) -> Live:
        """The newest revision of a release.

        Raises:
            ReleaseFailedError: it does not exist.
        """
        live = await self.live(release)
        if live is None:
            raise MissingReleaseError(
                f"There is no release {release}.", remedy=Remedy(Command("deploy"))
            )
        return live

    async def render(self, what: Installation, *, replace: bool = False) -> Rendered:
        """Render what an upgrade would install; `lookup` in templates queries the cluster.

        Args:
            what: to render.
            replace: the release was uninstalled, and its history kept.
        """
        adopting = "--take-ownership"  # else helm does not render where an object exists
        return await self._upgrade(what, "--dry-run=server", adopting, replace=replace)

    async def render_apart(self, what: Installation, capabilities: "Capabilities") -> Rendered:
        """Render as an upgrade of no certain release; `lookup` queries the cluster.

        It works beside a release that helm does not render, and for objects that helm refuses.
        """
        options = ("--dry-run=server", "--is-upgrade")
        manifest = await _template(
            self._command, what, self._namespace, capabilities, options=options
        )
        return Rendered(manifest=manifest, values=what.values)

    async def upgrade(self, what: Installation, *, seconds: float, replace: bool = False) -> Live:
        """Install or upgrade; returns after helm's hooks, not when pods are ready.

        Args:
            what: to install.
            seconds: how long helm may take.
            replace: the release was uninstalled, and its history kept.
        """
        options = ["--timeout", f"{int(seconds)}s"]
        options += ["--description", what.description] if what.description else []
        return await self._upgrade(what, *options, replace=replace)

    async def _upgrade(self, what: Installation, *options: str, replace: bool) -> Live:
        """Skip CRDs, which helm installs but never upgrades (see engine.release.crds).

        `helm upgrade --install` does not recognise an uninstalled release with ten revisions:
        it looks at the last one by name, which is the ninth.
        """
        command: list[object] = ["install", "--replace"] if replace else ["upgrade", "--install"]
        command += [] if replace else ["--reset-values"]  # else {} means the last ones
        command += [] if replace else ["--history-max", str(HISTORY)]
        command += [what.release, what.chart, "--skip-crds", "--output", "json", *options]
        command += [part for item in what.labels.items() for part in ("--labels", "=".join(item))]
        command += ["--namespace", self._namespace, *what.arguments()]
        text = await translate(what.release, self._command.run(command, what.stdin()))
        return _live(_loads(text[text.index(b"{") :]))

    async def rollback(self, release: str, revision: int) -> None:
        """Roll back to a revision."""
        await translate(
            release, self._command.rollback(release, revision, namespace=self._namespace)
        )

    async def uninstall(self, release: str) -> None:
        """Uninstall; returns when its objects are marked for deletion, not when they are gone."""
        await translate(release, self._command.uninstall(release, namespace=self._namespace))

    async def history(self, release: str) -> list[Revision]:
        """The revisions of a release that helm has kept, newest first.

        Raises:
            MissingReleaseError: helm has no record of the release.
        """
        history = await translate(
            release, self._command.history(release, namespace=self._namespace)
        )
        return sorted(map(_revision, history), key=lambda item: item.revision, reverse=True)

    async def computed_values(self, release: str) -> Values:
        """The values of a release merged with the chart's defaults."""
        values = self._command.get_values(release, computed=True, namespace=self._namespace)
        return await translate(release, values)


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """A cluster's version and API versions, to render charts without the cluster."""

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


async def template(
    what: Installation,
    *,
    namespace: str,
    capabilities: Capabilities,
    crds: bool = False,
) -> Manifest:
    """The manifest with hooks, rendered by `helm template` without a cluster."""
    options = ["--include-crds" if crds else "--skip-crds"]
    return await _template(HelmCommand(), what, namespace, capabilities, options=options)


async def _template(
    command: HelmCommand,
    what: Installation,
    namespace: str,
    capabilities: Capabilities,
    *,
    options: Sequence[str],
) -> Manifest:
    words = ["template", what.release, what.chart, "--namespace", namespace, *options]
    if capabilities.kube_version:
        words += ["--kube-version", capabilities.kube_version]
    for version in capabilities.api_versions:
        words += ["--api-versions", version]
    text: bytes = await translate(
        what.release, command.run([*words, *what.arguments()], what.stdin())
    )
    return Manifest(text=text.decode())


def _revision(document: Document) -> Revision:
    return Revision(
        revision=int(document["revision"]),
        status=str(document["status"]),
        updated=seconds_of(document.get("updated")),
        description=str(document.get("description", "")),
        chart=str(document.get("chart", "")),
        app_version=str(document.get("app_version", "")),
    )


def _loads(text: bytes) -> Document:
    """The JSON of a release, its numbers rounded to 64-bit floats, as helm's record has them.

    Otherwise an integer of --set above 2**53 would differ from itself at the next deploy.
    """
    document: Document = json.loads(text, parse_int=lambda digits: int(float(digits)))
    return document


def _live(document: Document) -> Live:
    info = document["info"]
    begun = datetime.fromisoformat(info.get("deleted") or info["last_deployed"])
    hooks = (f"# Source: {h['path']}\n{h['manifest']}" for h in document.get("hooks") or ())
    return Live(
        revision=int(document["version"]),
        status=str(info["status"]),
        manifest=Manifest(text=str(document.get("manifest", "")), hook_texts=tuple(hooks)),
        values=document.get("config") or {},
        begun=begun.timestamp(),
    )
