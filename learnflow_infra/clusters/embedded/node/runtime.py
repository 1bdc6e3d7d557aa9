"""Containers, images and network rules of a running node, from the host."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from learnflow_infra.clusters.embedded.node.init import BIN
from learnflow_infra.clusters.embedded.node.node_processes import Node
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
        HostError: containerd refused one; `why` is its reason.
    """
    present = references(node)
    missing = [reference for reference in archives if reference not in present]
    for reference in missing:
        _import(node, archives[reference])
    return missing


def import_archive(node: Node, archive: Path, names: Sequence[str]) -> list[str]:
    """Import an archive with the images `names`, unless the node has them all.

    Returns:
        The names that the node lacked.

    Raises:
        HostError: containerd refused it; `why` is its reason.
    """
    new = sorted(set(names) - references(node))
    if new:
        _import(node, archive)
    return new


def _import(node: Node, archive: Path) -> None:
    output(node_images(node, "import"), stdin=archive, seconds=IMPORT_SECONDS)


def has_service(node: Node, element: str) -> bool:
    """Whether kube-proxy's map of Services (nftables) has an `address . protocol . port`."""
    inside = ["nsenter", "--target", str(node.init), "--net", "--"]
    names = ["ip", "kube-proxy", "service-ips", f"{{ {element} }}"]
    return succeeds([*inside, "nft", "get", "element", *names])


def stop_containers(node: Node, programs: str, seconds: int) -> None:
    """Stop every container by its own stop signal; after `seconds` it is killed."""
    inside = ["nsenter", "--target", str(node.init), "--mount", "--net", "--pid", "--"]
    output([*inside, f"{programs}/stop-containers", f"--timeout={seconds}s"], seconds=seconds + 20)
