"""Run helm (the only import of pyhelm3)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyhelm3.command

from learnflow_infra.clients import helm_choice, helm_environment
from learnflow_infra.clients.helm_errors import HelmError
from learnflow_infra.system import tasks
from learnflow_infra.system.processes import GRACE, Result


def executable() -> str:
    """The path of the helm to use; see `helm_choice.ensure`."""
    return helm_choice.ensure().path


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
