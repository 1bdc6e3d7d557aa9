"""What is asked of a running node's inside, from the host: its containers and its rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from learnflow_infra.clusters.embedded.node.processes import Node
from learnflow_infra.system.programs import output, succeeds

SOCKET = "/run/containerd/containerd.sock"
IMPORT_SECONDS = 600.0


def ctr(node: Node, *arguments: str) -> list[str]:
    """A ctr command line in the node, for Kubernetes' images."""
    inside = ["nsenter", "--target", str(node.init), "--mount", "--"]
    return [*inside, "ctr", "--address", SOCKET, "--namespace", "k8s.io", *arguments]


def references(node: Node) -> set[str]:
    """The images that the node has."""
    return set(output(ctr(node, "images", "list", "--quiet")).split())


def import_missing(node: Node, archives: Mapping[str, Path]) -> list[str]:
    """Import the archives (by reference) that the node lacks; returns their references.

    Raises:
        HostError: containerd refused one; `why` says the reason.
    """
    known = references(node)
    wanted = [reference for reference in archives if reference not in known]
    for reference in wanted:
        _import(node, archives[reference])
    return wanted


def import_archive(node: Node, archive: Path, named: Sequence[str]) -> list[str]:
    """Import an archive of images under these names, unless the node has them; returns the new.

    Raises:
        HostError: containerd refused it; `why` says the reason.
    """
    new = sorted(set(named) - references(node))
    if new:
        _import(node, archive)
    return new


def _import(node: Node, archive: Path) -> None:
    command = ctr(node, "images", "import", "--digests=false", "-")
    output(command, stdin=archive, seconds=IMPORT_SECONDS)


def has_service(node: Node, element: str) -> bool:
    """Tell whether kube-proxy's map of Services (nftables) has an address, protocol and port."""
    inside = ["nsenter", "--target", str(node.init), "--net", "--"]
    wanted = ["ip", "kube-proxy", "service-ips", f"{{ {element} }}"]
    return succeeds([*inside, "nft", "get", "element", *wanted])


def stop_containers(node: Node, programs: str, seconds: int) -> None:
    """End every container with its own signal, each within `seconds`."""
    inside = ["nsenter", "--target", str(node.init), "--mount", "--net", "--pid", "--"]
    output([*inside, f"{programs}/stop-containers", f"--timeout={seconds}s"], seconds=seconds + 20)
