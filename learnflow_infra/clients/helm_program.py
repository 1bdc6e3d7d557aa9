"""The helm program, and what its errors mean (the only import of pyhelm3)."""

import logging
import shutil
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyhelm3.command
from pyhelm3 import errors as helm_errors

from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    FoundationError,
    InputError,
    ReleaseFailedError,
)
from learnflow_infra.masking import masked
from learnflow_infra.remedy import Command, Remedy

T = TypeVar("T")
logging.getLogger("pyhelm3").setLevel(logging.CRITICAL)  # its warnings repeat our errors

_UNREACHABLE = ("connection refused", "no route to host", "i/o timeout", "cluster unreachable")
_SCHEMA = "values don't meet the specifications of the schema(s) in the following chart(s):"


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


class HelmCommand(pyhelm3.command.Command):  # type: ignore[misc] # it has no types
    """Helm in the place of the shell that pyhelm3 starts: else, to end that would not end helm."""

    def __init__(self, *, environment: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(executable="exec", **options)
        added = [f"{name}={value}" for name, value in (environment or {}).items()]
        self._program = ["env", *added, executable()]

    async def run(self, command: Sequence[object], input: bytes | None = None) -> bytes:  # noqa: A002
        """Run helm; its standard output."""
        out: bytes = await super().run([*self._program, *command], input)
        return out


class MissingReleaseError(ReleaseFailedError):
    """There is no release of that name."""


async def translate(release: str, work: Coroutine[Any, Any, T]) -> T:
    """Await one helm call; its error becomes ours, with helm's own words as the cause."""
    try:
        return await work
    except helm_errors.ReleaseNotFoundError as error:
        raise MissingReleaseError(f"There is no release {release}.") from error
    except helm_errors.ChartNotFoundError as error:
        raise ArtifactError(f"The chart of {release} cannot be had.", why=_words(error)) from error
    except helm_errors.Error as error:
        words = _words(error)
        if any(mark in words.lower() for mark in _UNREACHABLE):
            raise ClusterUnreachableError(
                "helm cannot reach the cluster.", why=words, remedy=Remedy(Command("doctor"))
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
            remedy=Remedy("See what runs there: ", Command("diagnose")),
        ) from error


def _words(error: helm_errors.Error) -> str:
    """Helm's standard error, secrets masked."""
    return masked(error.stderr.decode("utf-8", "replace").strip())
