"""Helm releases: read, render, install, roll back and uninstall them.

Helm gets values by stdin, never by argument. Its errors are raised as this project's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from learnflow_infra.clients import helm_output
from learnflow_infra.clients.helm_errors import MissingReleaseError, translate
from learnflow_infra.clients.helm_output import Live, Rendered, Revision
from learnflow_infra.clients.helm_program import HelmCommand
from learnflow_infra.clients.installation import Installation
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import Values
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import tasks

UNBUILDABLE = "unable to build kubernetes objects"
"""In stderr when helm has rendered objects of kinds that the API server does not serve."""
UNKNOWN_KIND = "no matches for kind"
"""In stderr when a kind in helm's record is no longer served in that API version."""
HISTORY = 10
"""Revisions that helm keeps of a release."""


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
        except ReleaseFailedError as error:
            if UNKNOWN_KIND not in str(error.why):
                raise
            return await self._recorded(release, revision)
        return helm_output.live(text)

    async def _recorded(self, release: str, revision: int | None) -> Live:
        """A revision in parts, which helm prints of its record alone.

        `helm status` of Helm 4 also reads each object from the cluster, and fails if it cannot.
        """
        history = await self.history(release)
        entry = next(item for item in history if revision in {None, item.revision})
        where = ["--revision", entry.revision, "--namespace", self._namespace]
        parts = (["metadata", "-o", "json"], ["values", "-o", "json"], ["manifest"], ["hooks"])
        commands = (["get", part, release, *options, *where] for part, *options in parts)
        return helm_output.recorded(
            entry,
            *await tasks.together(
                *(translate(release, self._command.run(command)) for command in commands)
            ),
        )

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

        It works beside a release that helm does not render, and for objects that helm refuses:
        Helm 4 renders those only without the cluster, where `lookup` finds nothing.
        """
        render = partial(_template, self._command, what, self._namespace, capabilities)
        try:
            manifest = await render(options=("--dry-run=server", "--is-upgrade"))
        except ReleaseFailedError as error:
            if UNBUILDABLE not in str(error.why):
                raise
            manifest = await render(options=("--is-upgrade",))
        return Rendered(manifest=manifest, values=what.values)

    async def upgrade(
        self,
        what: Installation,
        *,
        seconds: float,
        replace: bool = False,
        options: Sequence[str] = (),
    ) -> Live:
        """Install or upgrade; returns after helm's hooks, not when pods are ready.

        Args:
            what: to install.
            seconds: how long helm may take.
            replace: the release was uninstalled, and its history kept.
            options: how helm sends objects, see `engine.release.managers`.
        """
        options = [*options, "--timeout", f"{int(seconds)}s"]
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
        return helm_output.live(text)

    async def rollback(self, release: str, revision: int, options: Sequence[str] = ()) -> None:
        """Roll back to a revision; `options` are as of `upgrade`."""
        command = ["rollback", release, str(revision), "--history-max", str(HISTORY), *options]
        await translate(release, self._command.run([*command, "--namespace", self._namespace]))

    async def uninstall(self, release: str) -> None:
        """Uninstall; returns when its objects are marked for deletion, not when they are gone."""
        await translate(release, self._command.uninstall(release, namespace=self._namespace))

    async def history(self, release: str) -> list[Revision]:
        """The revisions of a release that helm has kept, newest first.

        Raises:
            MissingReleaseError: helm has no record of the release.
        """
        printed = self._command.history(release, namespace=self._namespace)
        found = map(helm_output.revision, await translate(release, printed))
        return sorted(found, key=lambda item: item.revision, reverse=True)

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
