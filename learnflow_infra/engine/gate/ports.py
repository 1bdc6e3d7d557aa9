"""Pure: check that the node ports which releases request are free in the cluster.

A node port belongs to one Service of the whole cluster, whatever its namespace and its
protocol. The API server refuses a second one only while helm installs
the release.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from learnflow_infra.checks import Check
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.owned import INSTANCE

_KEYS = ("nodePort", "healthCheckNodePort")
"""Fields of a Service, and of custom resources from which an operator creates Services."""


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
    owners = {
        port: (_owner(service, namespace, manifests), _name(service))
        for service in services
        for port in _ports(service)
    }
    requested, clashes = 0, []
    for release, objects in manifests.items():
        for port in dict.fromkeys(port for obj in objects for port in _ports(obj)):
            requested += 1
            owner, name = owners.setdefault(port, (release, f"the release {release}"))
            if owner != release:
                key = _key((values or {}).get(release, {}), port)
                clashes.append((release, port, name, key))
    if not clashes:
        return Check(name="node ports", passed=True, message=f"{requested} requested, none taken")
    lines = [
        f"{port}, which {release} requests, belongs to {name}" for release, port, name, _ in clashes
    ]
    return Check(
        name="node ports",
        passed=False,
        message="; ".join(lines),
        remedy="Choose others: "
        + " ".join(f"--set {release}.{key}=PORT" for release, _, _, key in clashes),
    )


def _owner(
    service: Object, namespace: str, manifests: Mapping[ReleaseName, Sequence[Object]]
) -> ReleaseName | None:
    """The release of a Service that helm, or the operator of its resources, created."""
    meta = service["metadata"]
    instance = ReleaseName((meta.get("labels") or {}).get(INSTANCE, ""))
    return instance if meta["namespace"] == namespace and instance in manifests else None


def _name(service: Object) -> str:
    meta = service["metadata"]
    return f"the Service {meta['namespace']}/{meta['name']}"


def _ports(obj: Any) -> Iterator[int]:
    for key, value in _pairs(obj):
        if key in _KEYS and isinstance(value, int) and value:
            yield value


def _pairs(obj: Any) -> Iterator[tuple[str, Any]]:
    items = obj.items() if isinstance(obj, dict) else enumerate(obj if type(obj) is list else ())
    for key, value in items:
        yield str(key), value
        yield from _pairs(value)


def _key(values: Fields, port: int) -> str:
    """The dotted key of the value that sets a port.

    Brokers get consecutive ports from one value, so the highest value up to `port` is taken.
    """
    keys = [(int(value), key) for key, value in _leaves(values) if _is_port(key, value, port)]
    return max(keys, default=(0, "…nodePort"))[1]


def _is_port(key: str, value: object, port: int) -> bool:
    return "nodeport" in key.lower() and isinstance(value, int) and 0 < value <= port


def _leaves(values: Fields, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
