"""The runc of nodes: the host's, or one that is built from its Go module, once per machine."""

from collections.abc import Mapping
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.builds import go_module
from learnflow_infra.builds.go_module import FLAGS, Build
from learnflow_infra.clusters.embedded.host import packages, runc_choice
from learnflow_infra.clusters.embedded.host.runc_choice import Source
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir

MODULE = "github.com/opencontainers/runc"
PACKAGE = {"runc": "runc"}
COMPILER = {
    "gcc": "gcc",
    "pkg-config": "pkg-config",
    "/usr/include/stdlib.h": "libc6-dev",
    "/usr/include/seccomp.h": "libseccomp-dev",
}
"""What a build needs beside Go, and the packages that bring it: runc is partly C."""
TAGS = ("seccomp", "urfave_cli_no_docs", "netgo", "osusergo")
LINKER_FLAGS = "-s -w -extldflags -static"
"""Source of both: `make static` of runc, without libpathrs (in Rust)."""
_DISK = 512 * 1024**2
"""Disk that a build from nothing takes."""


def source() -> Path:
    """The Go module; it is one of its own, because runc needs other versions than Kubernetes."""
    return go_module.source() / "runc"


def version() -> str:
    """The version that is built, as v1.5.2."""
    return go_module.version(MODULE, source())


def built() -> Path:
    """The program in the cache, built or not."""
    flags = " ".join([*FLAGS, *TAGS, LINKER_FLAGS])
    key = go_module.digest(flags, go_module.requirements(source()))
    return cache_dir() / "bin" / f"runc-{key}" / "runc"


def _facts() -> runc_choice.Facts:
    """The facts of this host; what apt offers is no matter once a runc is built."""
    return runc_choice.facts(ask_apt=not built().exists())


def needed() -> Mapping[str, str]:
    """What `ensure` needs on this host, and the packages that bring it."""
    match runc_choice.choose(_facts()):
        case Source.host:
            return {}
        case Source.package:
            return PACKAGE
        case Source.build:
            return {} if built().exists() else COMPILER


def ensure(emit: Emit) -> Path:
    """The runc of nodes: the host's, installed as needed, or one that is built.

    Raises:
        HostError: packages cannot be installed, or the disk is full.
        ArtifactError: the modules cannot be downloaded or built.
    """
    facts = _facts()
    if runc_choice.choose(facts) is Source.package:
        packages.ensure_packages(PACKAGE, emit=emit)
        facts = _facts()
    return runc_choice.fixed(facts) or _ensure_built(emit)


def _ensure_built(emit: Emit) -> Path:
    target = built()
    if not target.exists():
        packages.ensure_packages(COMPILER, emit=emit)
    with events.step(emit, "cluster/runc", f"Build runc {version()}") as step:
        if target.exists():
            step.done("cached", changed=False)
            return target
        with go_module.lock(step):
            if not target.exists():
                go_module.build(_build(), target.parent, step)
        step.done()
    return target


def _build() -> Build:
    return Build(
        what="runc",
        packages=[MODULE],
        linker_flags=LINKER_FLAGS,
        disk=_DISK,
        tags=TAGS,
        cgo=True,
        module=source(),
    )
