"""Run helm, and translate its errors (the only import of pyhelm3)."""

import os
import re
import shutil
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyhelm3.command

from learnflow_infra.clients import helm_environment
from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    FoundationError,
    InputError,
    ReleaseFailedError,
)
from learnflow_infra.masking import masked
from learnflow_infra.remedy import Command, Remedy, join_lines
from learnflow_infra.system import tasks
from learnflow_infra.system.processes import GRACE, Result

T = TypeVar("T")

_NO_RELEASE = "release: not found"
_ETCD = "etcdserver"
"""In stderr when etcd fails; helm may then wrongly report a release as not found."""
_NO_CHART = re.compile(r'chart "[^"]+" (version "[^"]+" )?not found')
_NO_DEPENDENCY = "missing in charts/ directory: "
_KUBE_VERSION = re.compile(r"chart requires kubeVersion: (.*) which is incompatible with (.*)")
_UNREACHABLE = ("connection refused", "no route to host", "i/o timeout", "cluster unreachable")
_FAILED_BY_CHART = re.compile(
    r"execution error at \(([^)]*)\): (.*?)\s*(?:Use --debug|$)", re.DOTALL
)
"""Helm's words for the functions `fail` and `required` of a template."""
_NOT_RENDERED = re.compile(
    r"Error: (?:[A-Z ]+: )?((?:YAML )?parse error (?:at|on) .*|template: .*)"
)
"""Helm's words for a template that it cannot execute, or whose result is no YAML."""
_SCHEMA = "values don't meet the specifications of the schema(s) in the following chart(s):"


def executable() -> str:
    """The helm of this project's environment, or the one on PATH.

    Raises:
        FoundationError: neither exists.
    """
    bundled = Path(sys.executable).parent / "helm"
    if bundled.exists():
        return str(bundled)
    installed = shutil.which("helm")
    if installed:
        return installed
    raise FoundationError(
        "helm is missing.", remedy="Install it, or set up the environment again: make setup"
    )


class HelmError(Exception):
    """Helm failed; `stderr` is its standard error."""

    def __init__(self, stderr: str) -> None:
        super().__init__(stderr)
        self.stderr = stderr


async def run(
    arguments: Sequence[object],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    grace: float | None = GRACE,
) -> Result:
    """Run helm; a cancelled task ends it.

    Args:
        arguments: helm's command and options.
        stdin: the values.
        env: variables to add to this process's own, which are those of `helm_environment`.
        grace: see `tasks.run`.

    Raises:
        HelmError: it failed.
    """
    words = [executable(), *map(str, arguments)]
    variables = {**helm_environment.changes(os.environ), **(env or {})}
    result = await tasks.run(words, stdin=stdin, env=variables, grace=grace)
    if result.code:
        raise HelmError(result.err.decode("utf-8", "replace").strip())
    return result


class HelmCommand(pyhelm3.command.Command):  # type: ignore[misc] # it has no types
    """pyhelm3's commands on one cluster, started without a shell.

    Helm is not killed while it changes a release, so that it records the result.
    """

    def __init__(
        self,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        environment: Mapping[str, str] | None = None,
        history_max_revisions: int = 0,
    ) -> None:
        super().__init__(history_max_revisions=history_max_revisions)
        self._cluster = ["--kubeconfig", str(kubeconfig)] if kubeconfig else []
        self._cluster += ["--kube-context", context] if context else []
        self._environment = environment

    async def run(self, command: Sequence[object], input: bytes | None = None) -> bytes:  # noqa: A002
        """Run helm and return its standard output."""
        words = [*command, *self._cluster]
        return (await run(words, stdin=input, env=self._environment, grace=None)).out


class MissingReleaseError(ReleaseFailedError):
    """The release does not exist."""


async def translate(release: str, work: Coroutine[Any, Any, T]) -> T:
    """Await a helm call; raise its error as one of this project, with stderr as `why`."""
    try:
        return await work
    except HelmError as error:
        stderr = masked(error.stderr)
        if _NO_RELEASE in stderr.lower() and _ETCD not in stderr:
            raise MissingReleaseError(f"There is no release {release}.") from error
        if _NO_CHART.search(stderr):
            raise ArtifactError(f"The chart of {release} does not exist.", why=stderr) from error
        if _NO_DEPENDENCY in stderr:
            raise ArtifactError(
                f"The chart of {release} lacks charts that it depends on.",
                why=stderr.partition(_NO_DEPENDENCY)[2],
                remedy="Put them into its folder: helm dependency build CHART",
            ) from error
        version = _KUBE_VERSION.search(stderr)
        if version:
            raise FoundationError(
                f"The chart of {release} is not for this version of Kubernetes.",
                why=f"Its kubeVersion is {version[1]}; this is {version[2]}.",
                remedy="Take a version of the chart that fits, or upgrade the cluster.",
            ) from error
        if any(mark in stderr.lower() for mark in _UNREACHABLE):
            raise ClusterUnreachableError(
                "helm cannot reach the cluster.", why=stderr, remedy=Remedy(Command("doctor"))
            ) from error
        by_chart = _FAILED_BY_CHART.search(stderr)
        if by_chart:
            raise InputError(
                f"The chart of {release} refuses its values.",
                why=f"{by_chart[2]} ({by_chart[1]})",
                remedy="Correct the values; the chart's values.yaml describes each.",
            ) from error
        not_rendered = _NOT_RENDERED.search(stderr)
        if not_rendered:
            raise InputError(
                f"The chart of {release} cannot be rendered with these values.",
                why=not_rendered[1],
                remedy=join_lines(
                    Remedy("Correct the values: ", Command("values")),
                    "Or correct the template that is named.",
                ),
            ) from error
        if _SCHEMA in stderr:
            raise InputError(
                f"The values of {release} do not fit its chart.",
                why=stderr.partition(_SCHEMA)[2].strip(),
                remedy="Correct the values; the chart's values.yaml describes each.",
            ) from error
        raise ReleaseFailedError(
            f"helm could not handle the release {release}.",
            why=stderr,
            remedy=Remedy("See what runs there: ", Command("diagnose")),
        ) from error
