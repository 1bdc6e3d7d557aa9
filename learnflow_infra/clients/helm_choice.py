"""Which helm is used: the named one, the one that this project builds, or the one on PATH.

Tested are the minor versions of `TESTED`. Another version is used if it is named, with a warning.
"""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from learnflow_infra import dialect, versions
from learnflow_infra.clients import helm_build
from learnflow_infra.clients.helm_version import version_of
from learnflow_infra.dialect import Dialect
from learnflow_infra.errors import ArtifactError, FoundationError, HostError, InputError
from learnflow_infra.events import Emit, Message, ignore
from learnflow_infra.remedy import Words, join_lines
from learnflow_infra.system import files
from learnflow_infra.system.processes import ProgramError

VARIABLE = "LEARNFLOW_HELM"
"""The environment variable that names the helm program: a path, or a name on PATH."""
TESTED = ((4, 3), (3, 22))
_AGAIN_SECONDS = 3600.0
"""How long a build that failed is not tried again, where PATH has a helm instead."""
Failure = HostError | ArtifactError
_failures: dict[str, Failure] = {}
"""Why a program could not be built in this process, by its path."""


class Origin(StrEnum):
    """Where the program comes from."""

    named = VARIABLE
    built = "built by this project"
    path = "PATH"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A helm program; `version` is as 4.3.1, `path` need not exist before it is built."""

    path: str
    version: str
    origin: Origin

    @property
    def numbers(self) -> tuple[int, ...]:
        """Major and minor version."""
        return versions.minor(self.version)

    @property
    def is_tested(self) -> bool:
        """Whether the tests of this project run with its minor version."""
        return self.numbers in TESTED

    @property
    def dialect(self) -> Dialect:
        """What it makes of values."""
        return dialect.of(self.numbers[0])

    def __str__(self) -> str:
        """The version, where it comes from, the path, and what may surprise."""
        untested = "" if self.is_tested else "; not tested"
        absent = "" if Path(self.path).exists() else "; the first command that needs it builds it"
        return f"{self.version} ({self.origin}, {self.path}){untested}{absent}"


def expected() -> Program:
    """The helm that a command would use; nothing is built.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named)
    installed = _installed() if _failed_lately() and not helm_build.is_built() else None
    return installed or _built()


def ensure(emit: Emit = ignore) -> Program:
    """The helm to use; this project's own is built if it is not in the cache.

    Where it cannot be built, the one on PATH serves, if it is of a tested version. A process
    tries to build it once: a build fails after minutes, too.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
        FoundationError: there is none.
    """
    program = expected()
    if program.origin is not Origin.built or helm_build.is_built():
        return program
    if program.path not in _failures:
        try:
            helm_build.ensure(emit)
        except (HostError, ArtifactError) as error:
            _remember(program, error)
    failure = _failures.get(program.path)
    return _instead(failure, emit) if failure else program


def warn(emit: Emit) -> None:
    """Emit a warning if the helm that would be used is not tested.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
    """
    program = expected()
    if not program.is_tested:
        name = f"helm {program.version} ({program.origin})"
        emit(Message(text=f"Warning: {name} is not tested; {_tested('and')} are."))


def _tested(word: str) -> str:
    return f" {word} ".join(f"{major}.{minor}" for major, minor in TESTED)


def _built() -> Program:
    version = helm_build.version()
    return Program(path=str(helm_build.program()), version=version, origin=Origin.built)


def _instead(error: Failure, emit: Emit) -> Program:
    installed = _installed()
    if installed is None:
        raise _none(error, _on_path()) from error
    emit(Message(text=f"{error.what} Used instead: helm {installed}"))
    return installed


def _none(error: Failure, untested: Program | None) -> FoundationError:
    """The error where helm cannot be built, and PATH has none, or one that is not tested."""
    found = f"not a tested one ({untested.version})" if untested else "none"
    way = f"Or install helm {_tested('or')}, or name one: export {VARIABLE}=/path/to/helm"
    if untested:
        way = f"Or use it untested: export {VARIABLE}=helm"
    return FoundationError(
        f"helm {helm_build.version()} cannot be built, and PATH has {found}.",
        why=join_lines(error.what, error.why),
        remedy=join_lines(error.remedy, way),
    )


def _remember(program: Program, failure: Failure) -> None:
    """Remember that a program cannot be built: here, and by a mark for other processes."""
    _failures[program.path] = failure
    with suppress(OSError):
        files.replace(_marker(), str(failure))


def _marker() -> Path:
    return helm_build.program().parent.with_suffix(".failed")


def _failed_lately() -> bool:
    try:
        return time.time() - _marker().stat().st_mtime < _AGAIN_SECONDS
    except OSError:
        return False


def _installed() -> Program | None:
    """The helm on PATH, if it is of a tested version."""
    program = _on_path()
    return program if program and program.is_tested else None


def _on_path() -> Program | None:
    """The helm on PATH, if this program can use it."""
    path = shutil.which("helm")
    with suppress(ProgramError):
        version = version_of(path) if path else ""
        if path and _is_usable(version):
            return Program(path=path, version=version, origin=Origin.path)
    return None


def _is_usable(version: str) -> bool:
    """Whether it is a version from 3 on: Helm 2 has other commands."""
    return versions.minor(version) >= (3, 0)


def _named(name: str) -> Program:
    path = shutil.which(name)
    if path is None:
        raise InputError(
            f"{VARIABLE} names no program that can be run: {name}.",
            remedy=f"Give it the path of helm, or a name on PATH; or unset it: unset {VARIABLE}",
        )
    try:
        version = version_of(path)
    except ProgramError as error:
        raise _no_helm(path, join_lines(error.what, error.why)) from error
    if not _is_usable(version):
        raise _no_helm(path, f"It is version {version}.")
    return Program(path=path, version=version, origin=Origin.named)


def _no_helm(path: str, why: Words) -> InputError:
    return InputError(
        f"{VARIABLE} names no helm of version 3 or newer: {path}.",
        why=why,
        remedy=f"Name another one, or take this project's own: unset {VARIABLE}",
    )
