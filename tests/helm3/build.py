"""Helm 3, which the tests compare with: built from its Go module, once per machine.

As a program it prints the path, for LEARNFLOW_HELM.
"""

from pathlib import Path

from learnflow_infra import events
from learnflow_infra.builds import go_module
from learnflow_infra.builds.go_module import FLAGS, Build
from learnflow_infra.paths import cache_dir

VERSION = "3.22.0"
_MODULE = Path(__file__).parent
_FLAGS = " ".join(
    [
        "-s -w",
        f"-X helm.sh/helm/v3/internal/version.version=v{VERSION}",
        "-X helm.sh/helm/v3/internal/version.metadata=",
        "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
        "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37",
    ]
)


def ensure() -> Path:
    """The program; it is built if the cache has none."""
    pins = [(name, (_MODULE / name).read_bytes()) for name in ("go.mod", "go.sum")]
    key = go_module.digest(" ".join([*FLAGS, _FLAGS]), pins)
    program = cache_dir() / "bin" / f"helm3-{key}" / "helm"
    with events.step(events.ignore, "helm3", "Build Helm 3") as step, go_module.lock(step):
        if not program.exists():
            go_module.build(_build(), program.parent, step)
    return program


def _build() -> Build:
    return Build(
        what=f"helm {VERSION}",
        packages=["helm.sh/helm/v3/cmd/helm"],
        linker_flags=_FLAGS,
        disk=2 * 1024**3,
        module=_MODULE,
    )


if __name__ == "__main__":
    print(ensure())  # noqa: T201
