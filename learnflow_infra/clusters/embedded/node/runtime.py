"""Containers, images and network rules of a running node, from the host."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from learnflow_infra import disk
from learnflow_infra.clusters.embedded.node.init import BIN
from learnflow_infra.clusters.embedded.node.node_processes import Node
from learnflow_infra.errors import ArtifactError, LearnflowError
from learnflow_infra.paths import cache_dir
from learnflow_infra.system.processes import ProgramError
from learnflow_infra.system.programs import output, succeeds

SOCKET = "/run/containerd/containerd.sock"
IMPORT_SECONDS = 600.0


def node_images(node: Node, command: str) -> list[str]:
    """The command line of node-images in the node: `list`, or `import` of an archive (stdin)."""
    return ["nsenter", "--target", str(node.init), "--mount", "--", f"{BIN}/node-images", command]


def references(node: Node) -> set[str]:
    """The references of the node's images."""
    return set(output(node_images(node, "list")).split())


def import_missing(node: Node, archives: Mapping[str, Path]) -> list[str]:
    """Import the archives (by reference) that the node lacks; returns their references.

    Raises:
        ArtifactError: containerd refused one; `why` is its reason.
        HostError: the disk is full.
    """
    present = references(node)
    missing = [reference for reference in archives if reference not in present]
    for reference in missing:
        _import(node, archives[reference], reference)
    return missing


def import_archive(node: Node, archive: Path, names: Sequence[str]) -> list[str]:
    """Import an archive with the images `names`, unless the node has them all.

    Returns:
        The names that the node lacked.

    Raises:
        ArtifactError: containerd refused it; `why` is its reason.
        HostError: the disk is full.
    """
    new = sorted(set(names) - references(node))
    if new:
        _import(node, archive, ", ".join(new))
    return new


def _import(node: Node, archive: Path, names: str) -> None:
    try:
        output(node_images(node, "import"), stdin=archive, seconds=IMPORT_SECONDS)
    except ProgramError as error:
        raise _refused(names, error.stderr or error.what) from error


def _refused(names: str, why: str) -> LearnflowError:
    what = f"The node's containerd did not take {names}."
    if disk.FULL in why:
        return disk.full(what, why)
    cached = shlex.join(str(cache_dir() / name) for name in ("images", "oci"))
    remove = f"If it fails again, remove the cached images first: rm -rf {cached}"
    return ArtifactError(what, why=why, remedy=f"Run the same command again. {remove}")


def has_service(node: Node, element: str) -> bool:
    """Whether kube-proxy's map of Services (nftables) has an `address . protocol . port`."""
    inside = ["nsenter", "--target", str(node.init), "--net", "--"]
    names = ["ip", "kube-proxy", "service-ips", f"{{ {element} }}"]
    return succeeds([*inside, "nft", "get", "element", *names])


def stop_containers(node: Node, programs: str, seconds: int) -> None:
    """Stop every container by its own stop signal; after `seconds` it is killed."""
    inside = ["nsenter", "--target", str(node.init), "--mount", "--net", "--pid", "--"]
    output([*inside, f"{programs}/stop-containers", f"--timeout={seconds}s"], seconds=seconds + 20)
