"""Pure: how this host reaches a NodePort of a local cluster.

Sources: kind "Extra Port Mappings" and "Known Issues" (its nodes are containers), minikube
"Accessing apps" (with the docker driver outside Linux a tunnel must stay open, as wherever the
API server, too, is reached by a port of this host), Docker Desktop "Kubernetes" and Rancher
Desktop (NodePorts answer on localhost).
"""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from learnflow_infra.locations import Target

LOCALHOST = "127.0.0.1"
_ON_LOCALHOST = ("docker-desktop", "docker-for-desktop", "rancher-desktop", "orbstack", "colima")
"""Contexts of virtual machines that forward NodePorts to this host."""
_IN_CONTAINERS = ("kind-", "k3d-")
"""Prefixes of contexts whose nodes are containers; Linux reaches their addresses directly."""
_CONTAINER_DRIVERS = {"docker", "podman"}
_LOOPBACK = re.compile(r"https?://(127\.|localhost\b|\[::1\])")


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The `address` of node ports, "" for the node's own; `tunnel`: only through a tunnel."""

    address: str = ""
    tunnel: bool = False


def choose(target: Target, system: str) -> Reach:
    """How a host with this `platform.system()` reaches NodePorts of a target."""
    if target.kind == "embedded":
        return Reach()
    if target.context in _ON_LOCALHOST or target.context.startswith("colima-"):
        return Reach(address=LOCALHOST)
    in_containers = target.context.startswith(_IN_CONTAINERS) or target.driver in _CONTAINER_DRIVERS
    forwarded = target.kind == "minikube" and is_forwarded(target.server)
    if forwarded or (in_containers and system != "Linux"):
        return Reach(address=LOCALHOST, tunnel=True)
    return Reach()


def is_forwarded(server: str) -> bool:
    """Whether an API server is reached by a port of this host, as of Docker Desktop's machine."""
    return bool(_LOOPBACK.match(server))


def of(target: Target) -> Reach:
    """How this host reaches NodePorts of a target."""
    return choose(target, platform.system())


def past_proxies(address: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Variables by which programs connect to a node of this host directly, not by a proxy.

    Args:
        address: the node's; None for a cluster that does not exist yet.
        environ: the variables that these programs inherit.
    """
    if not address:
        return {}
    names = ("NO_PROXY", "no_proxy")
    listed = {name: [host for host in environ.get(name, "").split(",") if host] for name in names}
    return {name: ",".join(dict.fromkeys([*hosts, address])) for name, hosts in listed.items()}
