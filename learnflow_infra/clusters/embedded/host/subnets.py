"""Which /30 a cluster gets: the next that nobody uses, pure but for reading the routes."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from learnflow_infra.clusters.embedded.process import output
from learnflow_infra.errors import HostError, UsageError

RANGE = IPv4Network("10.213.0.0/16")
SIZE = 30
INSIDE = (IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/16"))
"""Pod and Service ranges: inside every node, so no link may lie in them."""


def host_routes() -> list[tuple[IPv4Network, str]]:
    """The host's routes in all tables, without the default route: network and interface."""
    found = json.loads(output(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]")
    return [(network, link) for network, link in parse(found) if not vanished(link)]


def vanished(link: str, links: Path = Path("/sys/class/net")) -> bool:
    """A link that went while it was told of: `ip` names it by its number alone, as if232."""
    return bool(re.fullmatch(r"if\d+", link)) and not (links / link).exists()


def parse(routes: Iterable[dict[str, str]]) -> list[tuple[IPv4Network, str]]:
    """Network and interface of each route that `ip -json route` prints."""
    return [
        (IPv4Network(route["dst"], strict=False), route.get("dev", ""))
        for route in routes
        if route.get("dst", "default") != "default" and route.get("type") != "broadcast"
    ]


def first_of(data_folder: str | None) -> int:
    """Where the clusters of a data folder begin: 0 for the usual one (None), spread for others."""
    if data_folder is None:
        return 0
    return 1 + int.from_bytes(hashlib.sha256(data_folder.encode()).digest()[:2]) % 255


def conflict(
    subnet: IPv4Network, routes: Iterable[tuple[IPv4Network, str]], link: str | None
) -> str | None:
    """The interface (or `the host`) whose route overlaps, unless it is the cluster's own link."""
    for network, device in routes:
        if device != link and network.overlaps(subnet):
            return device or "the host"
    return None


def parse_given(text: str) -> IPv4Network:
    """A /30 that was given by hand.

    Raises:
        UsageError: it is no private /30, or lies in the ranges that pods and Services use.
    """
    try:
        subnet = IPv4Network(text)
    except ValueError as error:
        raise UsageError(f"--subnet {text!r} is no IPv4 network.", why=str(error)) from error
    if subnet.prefixlen != SIZE or any(subnet.overlaps(inside) for inside in INSIDE):
        raise UsageError(
            f"--subnet {text!r} cannot be used.",
            why="It must be a /30 outside 10.244.0.0/16 and 10.96.0.0/16.",
            remedy="For example: --subnet 10.213.7.0/30",
        )
    return subnet


def choose(
    given: IPv4Network | None,
    taken: Sequence[IPv4Network],
    routes: Sequence[tuple[IPv4Network, str]],
    first: int = 0,
) -> IPv4Network:
    """The subnet of a new cluster.

    Args:
        given: by hand, or None for the next free one.
        taken: of other clusters, running or not.
        routes: of the host.
        first: where to begin: clusters of another data folder are not seen here, and
            while they are stopped no route tells of them.

    Raises:
        HostError: the given one is in use, or all are.
    """
    if given:
        require_free(given, taken, routes, link=None)
        return given
    candidates = list(RANGE.subnets(new_prefix=24))
    for number in range(len(candidates)):
        candidate = candidates[(first + number) % len(candidates)]
        subnet = next(candidate.subnets(new_prefix=SIZE))
        if not any(subnet.overlaps(t) for t in taken) and not conflict(subnet, routes, None):
            return subnet
    raise HostError(
        f"Every subnet of {RANGE} is in use on this host.",
        remedy="Give a free /30: learnflow-infra cluster up --subnet 10.99.0.0/30",
    )


def require_free(
    subnet: IPv4Network,
    taken: Iterable[IPv4Network],
    routes: Sequence[tuple[IPv4Network, str]],
    link: str | None,
) -> None:
    """Check a subnet that is not ours to choose.

    Raises:
        HostError: another cluster has it, or a route of the host overlaps it.
    """
    user = conflict(subnet, routes, link)
    if user is None and any(subnet.overlaps(other) for other in taken):
        user = "another embedded cluster"
    if user:
        raise HostError(
            f"The subnet {subnet} is in use by {user}.",
            why="The cluster's node is reached through it.",
            remedy="Take the other route away, or make a cluster with another --subnet "
            "(learnflow-infra cluster up --help).",
        )
