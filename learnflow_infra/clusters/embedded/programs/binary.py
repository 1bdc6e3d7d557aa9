"""Builds the Kubernetes programs once per machine; the cache's key is a digest of all inputs.

Go's own version is not part of the key: a new minor version changes nothing that the
programs do, and building again takes minutes.
"""

import hashlib
import os
import platform
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.programs import toolchain
from learnflow_infra.errors import ArtifactError, HostError
from learnflow_infra.events import Emit, Step
from learnflow_infra.paths import cache_dir, repo_root
from learnflow_infra.system.programs import lines

PROGRAMS = (
    "coredns",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
    "stop-containers",
    "volume-provisioner",
)
"""The names of hyperkube's programs; each is a link to it."""
KUBERNETES, ETCD = "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3"
"""The modules of programs whose versions count: see clusters.embedded.upgrade."""
BUILD_BYTES = 4 * 1024**3
"""Disk that a build from nothing takes: modules 1.3 GB, build cache 1.5 GB, results."""
FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")
"""Flags of every package. The linker would drop the debug information: it is not even made."""


def source() -> Path:
    """The Go module."""
    return repo_root() / "cluster-runtime"


def version(module: str = KUBERNETES) -> str:
    """The version of a module that is built, as v1.37.2."""
    match = re.search(rf"\s{re.escape(module)} (v\S+)", (source() / "go.mod").read_text())
    if match is None:
        raise ArtifactError(f"cluster-runtime/go.mod names no {module}.")
    return match[1]


def linker_flags(kubernetes: str) -> str:
    """-ldflags: without debug information, and with the version that the programs report."""
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    stamped = {
        "gitVersion": kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    settings = [f"-X {package}.{k}={v}" for package in packages for k, v in stamped.items()]
    return " ".join(["-s -w", *settings])


def key() -> str:
    """The digest of all inputs of the programs."""
    folder = source()
    sources = [path for path in folder.rglob("*.go") if not path.name.endswith("_test.go")]
    names = [folder / "go.mod", folder / "go.sum", *sorted(sources)]
    flags = " ".join([*FLAGS, linker_flags(version()), platform.machine()])
    return digest(flags, ((str(p.relative_to(folder)), p.read_bytes()) for p in names))


def digest(flags: str, sources: Iterable[tuple[str, bytes]]) -> str:
    """The digest of flags and of files (name, content)."""
    total = hashlib.sha256(flags.encode())
    for name, content in sources:
        total.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]


def folder() -> Path:
    """The folder of the programs, built or not."""
    return cache_dir() / "bin" / key()


def missing_bytes() -> int:
    """Bytes of disk that `ensure` will take: 0 once the programs or Go's build cache exist."""
    built = (folder() / "hyperkube").exists() or (cache_dir() / "go" / "build").exists()
    return 0 if built else BUILD_BYTES


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
        with lock("binary", lambda: step.progress(0, None, "waiting for another build")):
            if not (target / "hyperkube").exists():
                _build(target, step)
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


def _build(target: Path, step: Step) -> None:
    cache = cache_dir() / "go"
    cache.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(cache).free, missing_bytes()
    if free < needed:
        raise _disk_full(f"{free / 1e9:.1f} GB are free, a build takes {needed / 1e9:.0f}.")
    go = toolchain.find((source() / "go.mod").read_text())
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    for unfinished in target.parent.glob(".*"):  # of a build that was killed
        shutil.rmtree(unfinished, ignore_errors=True)
    temporary.mkdir(parents=True, exist_ok=True)
    try:
        _compile(go, temporary, step)
        for name in PROGRAMS:
            (temporary / name).symlink_to("hyperkube")
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _compile(go: Path, target: Path, step: Step) -> None:
    environment = toolchain.environment()
    total, downloads = 0, 0
    stale = ["list", *FLAGS, "-deps", "-f", "{{if .Stale}}stale {{.ImportPath}}{{end}}"]
    for line in _go(go, [*stale, "./cmd/..."], environment):
        downloads += line.startswith("go: downloading")
        total += line.startswith("stale ")
        if line.startswith("go: downloading"):
            step.progress(downloads, None, line.removeprefix("go: "))
    flags = [*FLAGS, "-ldflags", linker_flags(version()), "-o", f"{target}/"]
    for done, line in enumerate(_go(go, ["build", "-v", *flags, "./cmd/..."], environment), 1):
        step.progress(min(done, total), total, line)


def _go(go: Path, arguments: list[str], environment: dict[str, str]) -> Iterable[str]:
    try:
        yield from lines([go, *arguments], env=environment, cwd=source())
    except HostError as error:
        if "no space left on device" in str(error.why):
            raise _disk_full(str(error.why)) from error
        raise ArtifactError(
            f"Go could not build Kubernetes: go {arguments[0]} failed.",
            why=error.why,
            remedy="Check that Go modules can be downloaded, then run the same command again: "
            "it continues where it stopped.",
        ) from error


def _disk_full(why: str) -> HostError:
    return HostError(
        "The disk is too full to build Kubernetes.",
        why=why,
        remedy=f"Free some space (df -h {cache_dir()}), then run the same command again.",
    )
