"""The helm that this project builds from its Go module, for the host that it runs on."""

import platform
from functools import cache
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.builds import go_module
from learnflow_infra.builds.go_module import FLAGS, Build
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir

_MODULE = "helm.sh/helm/v4"
_DISK = 2 * 1024**3
"""Disk that a build from nothing takes: modules 0.6 GB, build cache 1 GB, the program."""


@cache
def version() -> str:
    """The version that is built, as 4.3.1."""
    return go_module.version(_MODULE).removeprefix("v")


def linker_flags(helm: str) -> str:
    """-ldflags: no debug information, and the version that `helm version` reports.

    Without a cluster, charts see the Kubernetes of helm's k8s.io/client-go, which it reads from
    its own list of modules.

    Source: the Makefile of helm, and its internal/version.
    """
    stamped = {"version": f"v{helm}", "metadata": "", "gitTreeState": "clean"}
    settings = [f"-X {_MODULE}/internal/version.{k}={v}" for k, v in stamped.items()]
    return " ".join(["-s -w", *settings])


def program() -> Path:
    """The program, built or not."""
    return cache_dir() / "bin" / f"helm-{_key()}/helm"


@cache
def _key() -> str:
    """The digest of all inputs; each process that runs helm asks for it, so it is made once."""
    flags = " ".join([*FLAGS, linker_flags(version()), _system()])
    return go_module.digest(flags, go_module.requirements())


def is_built() -> bool:
    """Whether it is in the cache."""
    return program().exists()


def ensure(emit: Emit) -> Path:
    """Build helm unless it is in the cache.

    Raises:
        HostError: the disk is full, or Go cannot be installed.
        ArtifactError: the modules cannot be downloaded or built.
    """
    target = program()
    if target.exists():
        return target
    with events.step(emit, "helm/binary", f"Build helm {version()}") as step, go_module.lock(step):
        if not target.exists():
            go_module.build(_build(), target.parent, step)
        step.done(changed=None)  # in the cache alone
    return target


def _build() -> Build:
    return Build(
        what=f"helm {version()}",
        packages=[f"{_MODULE}/cmd/helm"],
        linker_flags=linker_flags(version()),
        disk=_DISK,
        system=_system(),
    )


def _system() -> str:
    """The host's operating system in Go's word."""
    return platform.system().lower()
