"""The programs of Kubernetes: one binary, built once per machine."""

import os
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.builds import go_module
from learnflow_infra.builds.go_module import Build
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir

PROGRAMS = (
    "containerd",
    "coredns",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
    "node-images",
    "stop-containers",
    "volume-provisioner",
)
"""The names of hyperkube's programs; each is a link to it."""
KUBERNETES, ETCD = "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3"
CONTAINERD, PLUGINS = (
    "github.com/containerd/containerd/v2",
    "github.com/containernetworking/plugins",
)
"""The modules of the programs: see clusters.embedded.upgrade."""
OTHERS = (
    f"{CONTAINERD}/cmd/containerd-shim-runc-v2",
    f"{PLUGINS}/plugins/ipam/host-local",
    f"{PLUGINS}/plugins/main/ptp",
)
"""Programs of their own: each pod starts them, and hyperkube is large."""
FLAGS = (*go_module.FLAGS, f"-gcflags={KUBERNETES}/...=-dwarf=false -l")
"""Kubernetes' own packages are compiled without inlining, which takes a third of their time. What
runs often is in libraries: the node's programs take the same CPU either way."""
BUILD_BYTES = 4 * 1024**3
"""Disk that a build from nothing takes: modules 1.3 GB, build cache 1.5 GB, results."""


def version(module: str = KUBERNETES) -> str:
    """The version of a module that is built, as v1.37.2."""
    return go_module.version(module)


def linker_flags(kubernetes: str) -> str:
    """-ldflags: without debug information, and with the versions that the programs report."""
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    stamped = {
        "gitVersion": kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    settings = [f"-X {package}.{k}={v}" for package in packages for k, v in stamped.items()]
    settings.append(f"-X {CONTAINERD}/version.Version={version(CONTAINERD)}")
    settings.append(f"-X {PLUGINS}/pkg/utils/buildversion.BuildVersion={version(PLUGINS)}")
    return " ".join(["-s -w", *settings])


def key() -> str:
    """The digest of all inputs of the programs."""
    folder, flags = go_module.source(), " ".join([*FLAGS, linker_flags(version()), *OTHERS])
    code = [path for path in folder.rglob("*.go") if not path.name.endswith("_test.go")]
    named = [(str(path.relative_to(folder)), path.read_bytes()) for path in sorted(code)]
    return go_module.digest(flags, [*go_module.requirements(), *named])


def folder() -> Path:
    """The folder of the programs, built or not."""
    return cache_dir() / "bin" / key()


def missing_bytes() -> int:
    """Bytes of disk that `ensure` will take: 0 once the programs or Go's build cache exist."""
    return 0 if (folder() / "hyperkube").exists() else go_module.missing_bytes(BUILD_BYTES)


def ensure(emit: Emit) -> Path:
    """Build the programs unless they are in the cache; an interrupted build continues.

    Raises:
        HostError: the disk is full, or Go cannot be installed.
        ArtifactError: the modules cannot be downloaded or built.
    """
    target = folder()
    with events.step(emit, "cluster/binary", f"Build Kubernetes {version()}") as step:
        if (target / "hyperkube").exists():
            _link_kubectl(target)
            step.done("cached", changed=False)
            return target
        with go_module.lock(step):
            if not (target / "hyperkube").exists():
                go_module.build(_build(), target, step, _link_programs)
        _link_kubectl(target)
        step.done()
    return target


def kubectl() -> Path:
    """The kubectl for users: a link whose path stays when the programs are built anew."""
    return cache_dir() / "bin" / "kubectl"


def _link_kubectl(target: Path) -> None:
    link, target_name = kubectl(), f"{target.name}/kubectl"
    if not link.is_symlink() or str(link.readlink()) != target_name:
        temporary = link.with_name(f"kubectl.{os.getpid()}")
        temporary.symlink_to(target_name)
        temporary.replace(link)


def _build() -> Build:
    return Build(
        what="Kubernetes",
        packages=["./cmd/...", *OTHERS],
        flags=FLAGS,
        linker_flags=linker_flags(version()),
        disk=BUILD_BYTES,
    )


def _link_programs(folder: Path) -> None:
    for name in PROGRAMS:
        (folder / name).symlink_to("hyperkube")
