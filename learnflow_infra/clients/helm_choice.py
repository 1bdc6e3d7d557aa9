"""Which helm is used: the named one, the one that this project builds, or the one on PATH.

Tested are the minor versions of `TESTED`. Another version is used if it is named, with a warning.
"""

import json
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from learnflow_infra import dialect
from learnflow_infra.clients import helm_build
from learnflow_infra.dialect import Dialect
from learnflow_infra.errors import ArtifactError, FoundationError, HostError, InputError
from learnflow_infra.events import Emit, Message, ignore
from learnflow_infra.paths import cache_dir
from learnflow_infra.system import files, programs
from learnflow_infra.system.processes import ProgramError

VARIABLE = "LEARNFLOW_HELM"
"""The environment variable that names the helm program: a path, or a name on PATH."""
TESTED = ((4, 3), (3, 22))
_AGAIN_SECONDS = 3600.0
"""How long a build that failed is not tried again, where PATH has a helm instead."""


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
    def numbers(self) -> tuple[int, int]:
        """Major and minor version."""
        major, minor, *_ = map(int, re.findall(r"\d+", f"{self.version}.0"))
        return major, minor

    @property
    def is_tested(self) -> bool:
        """Whether the tests of this project run with its minor version."""
        return self.numbers in TESTED

    @property
    def dialect(self) -> Dialect:
        """What it makes of values."""
        return dialect.of(self.numbers[0])

    def __str__(self) -> str:
        """The version, where it comes from, and the path."""
        return f"{self.version} ({self.origin}, {self.path})"


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

    Where it cannot be built, the one on PATH serves, if it is of a tested version.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
        FoundationError: there is none.
    """
    program = expected()
    if program.origin is not Origin.built or helm_build.is_built():
        return program
    try:
        helm_build.ensure(emit)
    except (HostError, ArtifactError) as error:
        return _instead(error, emit)
    return program


def warn(emit: Emit) -> None:
    """Emit a warning if the helm that would be used is not tested.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
    """
    program = expected()
    if not program.is_tested:
        emit(Message(text=_not_tested(program)))


def _not_tested(program: Program) -> str:
    tested = " and ".join(f"{major}.{minor}" for major, minor in TESTED)
    return f"Warning: helm {program.version} ({program.origin}) is not tested; {tested} are."


def _built() -> Program:
    version = helm_build.version()
    return Program(path=str(helm_build.program()), version=version, origin=Origin.built)


def _instead(error: HostError | ArtifactError, emit: Emit) -> Program:
    with suppress(OSError):
        files.replace(_marker(), str(error))
    installed = _installed()
    if installed is None:
        raise FoundationError(
            f"helm {helm_build.version()} cannot be built, and PATH has no tested helm.",
            why=str(error),
            remedy=f"Install Go or helm, or name a helm: export {VARIABLE}=/path/to/helm",
        ) from error
    emit(Message(text=f"{error.what} Used instead: helm {installed}"))
    return installed


def _marker() -> Path:
    return helm_build.program().parent.with_suffix(".failed")


def _failed_lately() -> bool:
    try:
        return time.time() - _marker().stat().st_mtime < _AGAIN_SECONDS
    except OSError:
        return False


def _installed() -> Program | None:
    """The helm on PATH, if it is of a tested version."""
    path = shutil.which("helm")
    version = version_of(path) if path else ""
    if not path or not version:
        return None
    program = Program(path=path, version=version, origin=Origin.path)
    return program if program.is_tested else None


def _named(name: str) -> Program:
    path = shutil.which(name)
    if path is None:
        raise InputError(
            f"{VARIABLE} names no program that can be run: {name}.",
            remedy=f"Give it the path of helm, or a name on PATH; or unset it: unset {VARIABLE}",
        )
    version = version_of(path)
    if not version or int(version.partition(".")[0]) < min(TESTED)[0]:
        raise InputError(
            f"{VARIABLE} names no helm of version 3 or newer: {path}"
            + (f" is {version}." if version else "."),
            remedy=f"Name another one, or take this project's own: unset {VARIABLE}",
        )
    return Program(path=path, version=version, origin=Origin.named)


def version_of(path: str) -> str:
    """The version that a helm program reports; "" if it is none.

    It is remembered by path, time and size of the file: a deploy starts no process for it.
    """
    stat = Path(path).stat()
    return _remembered(f"{Path(path).resolve()} {stat.st_mtime_ns} {stat.st_size}", path)


@cache
def _remembered(key: str, path: str) -> str:
    memory = cache_dir() / "helm-versions.json"
    try:
        known: dict[str, str] = json.loads(memory.read_text())
    except (OSError, ValueError):
        known = {}
    version = known.get(key) or _reported(path)
    if version and key not in known:
        with suppress(OSError):  # a cache that cannot be written
            files.replace(memory, json.dumps({**known, key: version}, indent=1))
    return version


def _reported(path: str) -> str:
    try:
        text = programs.output([path, "version", "--template", "{{.Version}}"], seconds=30)
    except ProgramError:
        return ""
    match = re.fullmatch(r"v?(\d+\.\d+\S*)", text.strip())
    return match[1] if match else ""
