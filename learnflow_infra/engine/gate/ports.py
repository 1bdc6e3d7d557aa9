"""Pure: check that the node ports which releases request can be given to them.

A node port belongs to one Service of the whole cluster, whatever its namespace and its
protocol. The API server refuses a second one only while helm installs the release.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from learnflow_infra.checks import Check
from learnflow_infra.engine.gate.port_requests import Request, ports_of, requests
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object, Pod
from learnflow_infra.readiness.owned import INSTANCE

RANGE = range(30000, 32768)
"""The API server's default: its flag --service-node-port-range."""
_FLAG = re.compile(r"--service-node-port-range=(\d+)-(\d+)")


def faults(
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields],
    bounds: range = RANGE,
) -> Check:
    """Check that requested ports are in the range, and that each is requested once.

    Args:
        manifests: each release's rendered objects.
        values: each release's values, so that the remedy can name the key of a port.
        bounds: the cluster's range of node ports.
    """
    all_requests = requests(manifests)
    outside = [item for item in all_requests if item.port not in bounds]
    twice = [
        (first, second)
        for index, second in enumerate(all_requests)
        for first in [_clash(second, all_requests[:index])]
        if first
    ]
    lines = [
        f"{item.port} of {item.release}'s {item.holder} is not in the range "
        f"{bounds.start}-{bounds.stop - 1}"
        for item in outside
    ]
    lines += [
        f"{second.port} is requested twice, by {first.release}'s {first.holder} and "
        f"{second.release}'s {second.holder}"
        for first, second in twice
    ]
    wrong = [*outside, *(second for _, second in twice)]
    return _check(lines, _remedy(wrong, values), len(all_requests))


def range_of(servers: Sequence[Pod], services: Sequence[Object]) -> range:
    """The cluster's range of node ports.

    Args:
        servers: pods of the API server, whose flag names the range.
        services: of the cluster; the range reaches at least to their ports.
    """
    texts = [
        word
        for pod in servers
        for container in pod["spec"]["containers"]
        for word in (*container.get("command", ()), *container.get("args", ()))
    ]
    flags = [match for text in texts if (match := _FLAG.fullmatch(text))]
    if flags:
        return range(int(flags[0][1]), int(flags[0][2]) + 1)
    used = [port for service in services for port in ports_of(service)]
    return range(min([*used, RANGE.start]), max([*used, RANGE.stop - 1]) + 1)


def _clash(item: Request, before: Sequence[Request]) -> Request | None:
    """The earlier request of the same port, unless one Service has it for two protocols."""
    return next(
        (other for other in before if other.port == item.port and _differ(item, other)), None
    )


def _differ(item: Request, other: Request) -> bool:
    same = (item.release, item.holder) == (other.release, other.holder)
    return not same or item.protocol == other.protocol or "" in {item.protocol, other.protocol}


def node_ports(
    services: Sequence[Object],
    manifests: Mapping[ReleaseName, Sequence[Object]],
    namespace: str,
    values: Mapping[ReleaseName, Fields] | None = None,
) -> Check:
    """Check that no other Service has a node port that a release requests by number.

    Args:
        services: all Services of the cluster.
        manifests: each release's rendered objects.
        namespace: of the releases.
        values: each release's values, so that the remedy can name the key of a port.
    """
    holders = {port: service for service in services for port in ports_of(service)}
    all_requests = requests(manifests)
    taken = [
        (item, holders[item.port])
        for item in all_requests
        if item.port in holders and not _keeps(item, holders[item.port], namespace)
    ]
    lines = [
        f"{item.port}, which {item.release} requests, belongs to {_name(service)}"
        for item, service in taken
    ]
    remedy = _remedy([item for item, _ in taken], values or {})
    return _check(list(dict.fromkeys(lines)), remedy, len(all_requests))


def _keeps(item: Request, service: Object, namespace: str) -> bool:
    """Whether the port is the release's already.

    Between two Services of a release, helm cannot move a port in one step.
    """
    meta = service["metadata"]
    labels = meta.get("labels") or {}
    if meta["namespace"] != namespace or labels.get(INSTANCE) != item.release:
        return False
    return not item.holder.startswith("Service/") or item.holder == f"Service/{meta['name']}"


def _check(lines: Sequence[str], remedy: str, count: int) -> Check:
    if not lines:
        return Check(name="node ports", passed=True, message=f"{count} requested, none taken")
    return Check(name="node ports", passed=False, message="; ".join(lines), remedy=remedy)


def _remedy(wrong: Sequence[Request], values: Mapping[ReleaseName, Fields]) -> str:
    keys = [f"{item.release}.{_key(values.get(item.release, {}), item.port)}" for item in wrong]
    return "Choose others: " + " ".join(f"--set {key}=PORT" for key in dict.fromkeys(keys))


def _name(service: Object) -> str:
    meta = service["metadata"]
    return f"the Service {meta['namespace']}/{meta['name']}"


def _key(values: Fields, port: int) -> str:
    """The dotted key of the value that sets a port.

    Brokers get consecutive ports from one value, so the highest value up to `port` is taken.
    """
    keys = [(int(value), key) for key, value in _leaves(values) if _sets(key, value, port)]
    return max(keys, default=(0, "…nodePort"))[1]


def _sets(key: str, value: object, port: int) -> bool:
    return "nodeport" in key.lower() and isinstance(value, int) and 0 < value <= port


def _leaves(values: Fields, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
