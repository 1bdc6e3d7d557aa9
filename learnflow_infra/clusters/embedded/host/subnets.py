"""The /30 subnet of a cluster: the next free one, or the one that the user names.

Only `host_routes` and `vanished` are not pure: they read the host's routes and links.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from learnflow_infra.errors import HostError, InputError
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system.programs import output

RANGE = IPv4Network("10.213.0.0/16")
PREFIX = 30
PRIVATE = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""Ranges that belong to nobody on the internet. Source: RFC 1918, RFC 6598."""
NODE_RANGES = (IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/16"))
"""Ranges of pods and Services inside every node: no link may overlap them."""


def host_routes() -> list[tuple[IPv4Network, str]]:
    """The host's routes in all tables, without the default route: network and interface."""
    routes = json.loads(output(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]")
    return [(network, link) for network, link in parse_routes(routes) if not vanished(link)]


def vanished(link: str, links: Path = Path("/sys/class/net")) -> bool:
    """Whether a link was deleted while `ip` listed it: `ip` then prints its number, as if232."""
    return bool(re.fullmatch(r"if\d+", link)) and not (links / link).exists()


def parse_routes(routes: Iterable[dict[str, str]]) -> list[tuple[IPv4Network, str]]:
    """Network and interface of each route that `ip -json route` prints."""
    return [
        (IPv4Network(route["dst"], strict=False), route.get("dev", ""))
        for route in routes
        if route.get("dst", "default") != "default" and route.get("type") != "broadcast"
    ]


def first_of(data_folder: str | None) -> int:
    """The first /24 of `RANGE` (by number) for the clusters of a data folder.

    Args:
        data_folder: XDG_DATA_HOME; None for the default, whose clusters begin at 0.
    """
    if data_folder is None:
        return 0
    return 1 + int.from_bytes(hashlib.sha256(data_folder.encode()).digest()[:2]) % 255


def conflict(
    subnet: IPv4Network, routes: Iterable[tuple[IPv4Network, str]], link: str | None
) -> str | None:
    """The interface (or `the host`) whose route overlaps the subnet, unless it is `link`."""
    for network, device in routes:
        if device != link and network.overlaps(subnet):
            return device or "the host"
    return None


def parse(text: str) -> IPv4Network:
    """The value of `--subnet`.

    Raises:
        InputError: it is not a private /30, or overlaps the ranges of pods and Services.
    """
    try:
        subnet = IPv4Network(text)
    except ValueError as error:
        raise InputError(f"--subnet {text!r} is not an IPv4 network.", why=str(error)) from error
    private = any(subnet.subnet_of(range_) for range_ in PRIVATE)
    overlaps = any(subnet.overlaps(range_) for range_ in NODE_RANGES)
    if subnet.prefixlen != PREFIX or not private or overlaps:
        raise InputError(
            f"--subnet {text!r} cannot be used.",
            why="It must be a /30 of private addresses outside 10.244.0.0/16 and 10.96.0.0/16.",
            remedy="For example: --subnet 10.213.7.0/30",
        )
    return subnet


def choose(
    requested: IPv4Network | None,
    taken: Sequence[IPv4Network],
    routes: Sequence[tuple[IPv4Network, str]],
    first: int = 0,
) -> IPv4Network:
    """The subnet of a new cluster.

    Args:
        requested: by the user, or None for the next free one.
        taken: by other clusters, running or not.
        routes: of the host.
        first: the number of the /24 to begin with. Stopped clusters of another data folder
            have no route, and are not in `taken`.

    Raises:
        HostError: the requested subnet is in use, or all are.
    """
    if requested:
        require_free(requested, taken, routes, link=None)
        return requested
    candidates = list(RANGE.subnets(new_prefix=24))
    for number in range(len(candidates)):
        candidate = candidates[(first + number) % len(candidates)]
        subnet = next(candidate.subnets(new_prefix=PREFIX))
        if not any(subnet.overlaps(t) for t in taken) and not conflict(subnet, routes, None):
            return subnet
    raise HostError(
        f"Every subnet of {RANGE} is in use on this host.",
        remedy=Remedy("Name a free /30: ", Command("cluster", "up", "--subnet", "10.99.0.0/30")),
    )


def require_free(
    subnet: IPv4Network,
    taken: Iterable[IPv4Network],
    routes: Sequence[tuple[IPv4Network, str]],
    link: str | None,
) -> None:
    """Check that a subnet is free.

    Args:
        subnet: of the cluster.
        taken: by other clusters.
        routes: of the host.
        link: the cluster's own interface, if it has one.

    Raises:
        HostError: another cluster uses it, or a route of the host overlaps it.
    """
    owner = conflict(subnet, routes, link)
    if owner is None and any(subnet.overlaps(other) for other in taken):
        owner = "another embedded cluster"
    if owner:
        raise HostError(
            f"The subnet {subnet} is in use by {owner}.",
            why="This host reaches the cluster's node through it.",
            remedy=Remedy(
                "Remove the other route, or create a cluster with another --subnet: ",
                Command("cluster", "up", "--help"),
            ),
        )
