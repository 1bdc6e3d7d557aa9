"""Builds programs of a Go module, once per machine: of cluster-runtime, or one below it.

The key of a result in the cache is a digest of all inputs. Go's own version is not part of it: a
new minor version changes nothing that the programs do, and building again takes minutes.
"""

import hashlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from learnflow_infra import disk
from learnflow_infra.builds import toolchain
from learnflow_infra.errors import ArtifactError, HostError
from learnflow_infra.events import Step
from learnflow_infra.paths import cache_dir, repo_root
from learnflow_infra.system import locks
from learnflow_infra.system.programs import lines

FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")
"""Flags of every package. The linker would drop the debug information: it is not even made."""


def source() -> Path:
    """The Go module."""
    return repo_root() / "cluster-runtime"


@dataclass(frozen=True, kw_only=True)
class Build:
    """Programs to build into one folder of the cache.

    Attributes:
        what: is built, for people: `Kubernetes`.
        packages: patterns of packages.
        linker_flags: of all of them.
        disk: bytes that a build from nothing takes.
        flags: of `go build`.
        tags: build tags of all packages.
        cgo: whether it has C code, which the host's gcc compiles.
        module: the folder of the Go module.
        system: the operating system that they run on, in Go's word (`linux`, `darwin`).
    """

    what: str
    packages: Sequence[str]
    linker_flags: str
    disk: int
    flags: Sequence[str] = FLAGS
    tags: Sequence[str] = ()
    cgo: bool = False
    system: str = "linux"
    module: Path = field(default_factory=source)


def version(module: str, folder: Path | None = None) -> str:
    """The version of a module that cluster-runtime requires, or another module's folder.

    Returns:
        As v1.37.2.

    Raises:
        ArtifactError: it requires no such module.
    """
    go_mod = ((folder or source()) / "go.mod").read_text()
    match = re.search(rf"^\s*{re.escape(module)} (v\S+)", go_mod, re.MULTILINE)
    if match is None:
        raise ArtifactError(f"{folder or source()}/go.mod names no {module}.")
    return match[1]


def digest(flags: str, sources: Iterable[tuple[str, bytes]]) -> str:
    """The digest of flags and of files (name, content), for the host's architecture."""
    total = hashlib.sha256(f"{flags} {platform.machine()}".encode())
    for name, content in sources:
        total.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]


def requirements(folder: Path | None = None) -> list[tuple[str, bytes]]:
    """The files that pin all modules (name, content), of cluster-runtime or another folder."""
    return [(name, ((folder or source()) / name).read_bytes()) for name in ("go.mod", "go.sum")]


def missing_bytes(disk: int) -> int:
    """Bytes of disk that a build will take: 0 once Go's build cache exists."""
    return 0 if (cache_dir() / "go" / "build").exists() else disk


def lock(step: Step) -> AbstractContextManager[IO[str]]:
    """Hold the lock of all builds on this machine."""
    waiting = "waiting for another build"
    return locks.hold(cache_dir() / "locks" / "binary", lambda: step.progress(0, None, waiting))


def build(
    wanted: Build, target: Path, step: Step, finish: Callable[[Path], None] = lambda _: None
) -> None:
    """Build into a folder, which is complete or absent; an interrupted build continues.

    Args:
        wanted: what to build.
        target: the folder.
        step: shows progress.
        finish: completes the folder before it gets its name.

    Raises:
        HostError: the disk is full, or Go cannot be installed.
        ArtifactError: the modules cannot be downloaded or built.
    """
    _require_disk(wanted)
    go = toolchain.find((wanted.module / "go.mod").read_text())
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    for unfinished in target.parent.glob(".*"):  # of a build that was killed
        shutil.rmtree(unfinished, ignore_errors=True)
    temporary.mkdir(parents=True, exist_ok=True)
    try:
        _compile(go, wanted, temporary, step)
        finish(temporary)
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _require_disk(wanted: Build) -> None:
    cache = cache_dir() / "go"
    needed = missing_bytes(wanted.disk)
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < needed:
        why = f"{free / 1e9:.1f} GB are free, a build takes {needed / 1e9:.0f}."
        raise _disk_full(wanted, why)


def _compile(go: Path, wanted: Build, target: Path, step: Step) -> None:
    total, downloads = 0, 0
    flags = [*wanted.flags, "-tags", ",".join(wanted.tags)]
    stale = ["list", *flags, "-deps", "-f", "{{if .Stale}}stale {{.ImportPath}}{{end}}"]
    for line in _go(go, [*stale, *wanted.packages], wanted):
        downloads += line.startswith("go: downloading")
        total += line.startswith("stale ")
        if line.startswith("go: downloading"):
            step.progress(downloads, None, line.removeprefix("go: "))
    flags += ["-ldflags", wanted.linker_flags, "-o", f"{target}/"]
    for done, line in enumerate(_go(go, ["build", "-v", *flags, *wanted.packages], wanted), 1):
        step.progress(min(done, total), total, line)


def _go(go: Path, arguments: list[str], wanted: Build) -> Iterable[str]:
    own = {"GOOS": wanted.system, "CGO_ENABLED": str(int(wanted.cgo))}
    environment = {**toolchain.environment(), **own}
    try:
        yield from lines([go, *arguments], env=environment, cwd=wanted.module)
    except HostError as error:
        if disk.FULL in str(error.why):
            raise _disk_full(wanted, str(error.why)) from error
        raise ArtifactError(
            f"Go could not build {wanted.what}: go {arguments[0]} failed.",
            why=error.why,
            remedy="Check that Go modules can be downloaded, then run the same command again: "
            "it continues where it stopped.",
        ) from error


def _disk_full(wanted: Build, why: str) -> HostError:
    return disk.full(f"The disk is too full to build {wanted.what}.", why)
