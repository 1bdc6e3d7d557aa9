"""Pure: the node ports that objects request, or have.

Custom resources from which an operator creates Services request ports, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.fields import at, items
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, reference

_KEYS = ("nodePort", "healthCheckNodePort")
"""Fields of a Service, and of custom resources from which an operator creates Services."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A node port that a Service of a release will have.

    `holder` is the Service, or the resource and the place in it. Within one Service, ports of
    different protocols may share a number.
    """

    release: ReleaseName
    holder: str
    port: int
    protocol: str = ""


def requests(manifests: Mapping[ReleaseName, Sequence[Object]]) -> list[Request]:
    """The node ports that manifests request by number."""
    return [
        Request(release=release, holder=holder, port=port, protocol=protocol)
        for release, objects in manifests.items()
        for obj in objects
        for holder, port, protocol in _requests(obj)
    ]


def _requests(obj: Object) -> Iterator[tuple[str, int, str]]:
    """The holder, the port and the protocol of each request in an object."""
    if obj["kind"] != "Service":
        for place, port in _fields(obj, ()):
            yield f"{reference(obj)} ({place})", port, ""
        return
    for port in items(obj, "spec", "ports"):
        if _is_port(port.get("nodePort")):
            yield reference(obj), port["nodePort"], port.get("protocol") or "TCP"
    health = at(obj, "spec", "healthCheckNodePort")
    if _is_port(health):
        yield reference(obj), health, ""


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def has_node_port(obj: Object) -> bool:
    """Whether an object asks for a node port, by number or by the type of a Service."""
    by_type = obj["kind"] == "Service" and at(obj, "spec", "type") == "NodePort"
    return by_type or any(True for _ in _fields(obj, ()))


def ports_of(service: Object) -> Iterator[int]:
    """The node ports that a Service has."""
    for _, port in _fields(service, ()):
        yield port


def _fields(obj: Any, above: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """The dotted path and the number of each field for a node port."""
    inner = obj.items() if isinstance(obj, dict) else enumerate(obj if type(obj) is list else ())
    for key, value in inner:
        path = (*above, str(key))
        if key in _KEYS and _is_port(value):
            yield ".".join(path), value
        yield from _fields(value, path)
