"""Pure: which Services of a release lead to its server, inside the cluster and from the host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.models import PortSpec
from learnflow_infra.objects import Fields, Object, refer, reference, references

_HEADLESS = "None"
_ONE_POD = {"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"}
"""Labels of a single pod of a StatefulSet (Kubernetes: well-known labels)."""
Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """A Service, and one entry of its `spec.ports`."""

    service: Object
    port: Fields

    @property
    def name(self) -> str:
        """The Service's name."""
        return self.service["metadata"]["name"]

    @property
    def ingress(self) -> str:
        """The load balancer's address (`status.loadBalancer.ingress`); "" without one."""
        entries = self.service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        return str(entries[0].get("ip") or entries[0].get("hostname") or "") if entries else ""

    @property
    def node_port(self) -> int | None:
        """The port on every node; None if the Service has none."""
        number = self.port.get("nodePort")
        return int(number) if number else None


def of_release(services: Sequence[Object], rendered: Sequence[Object]) -> list[Object]:
    """The live Services that are in the manifest, or belong to an object of it.

    An operator's Services belong to its custom resource (`metadata.ownerReferences`).
    """
    names = references(rendered)

    def belongs(service: Object) -> bool:
        owners = service["metadata"].get("ownerReferences", ())
        own = {reference(service), *(refer(owner["kind"], owner["name"]) for owner in owners)}
        return not own.isdisjoint(names)

    return list(filter(belongs, services))


def leading_to(
    services: Sequence[Object], wanted: PortSpec, pods: Sequence[Labels]
) -> list[ServicePort]:
    """The Services with a port of that name, number or target port, which select such pods.

    A Service of a single pod of several is none of them. The first has the shortest name, as
    charts name the main Service after the release; headless Services come last.

    Args:
        services: of the release.
        wanted: the port; with a Service's name only this Service counts.
        pods: labels of the server's pods; empty if the manifest has no pods.
    """
    found = [
        ServicePort(service=service, port=port)
        for service in services
        if wanted.service in {"", service["metadata"]["name"]}
        and (wanted.service or _selects(service, pods))
        for port in service["spec"].get("ports", ())
        if _is(port, wanted.port)
    ]
    return sorted(found, key=lambda item: (_is_headless(item), len(item.name), item.name))


def outside(found: Sequence[ServicePort], inside: ServicePort) -> ServicePort | None:
    """The Service for clients outside the cluster; None if there is none.

    One with a load balancer's address is better than one with a node port, and a Service of
    its own better than the one for clients `inside`.
    """
    usable = [item for item in found if item.ingress or item.node_port]
    order = sorted(usable, key=lambda item: (not item.ingress, item.name == inside.name))
    return next(iter(order), None)


def _selects(service: Object, pods: Sequence[Labels]) -> bool:
    selector = service["spec"].get("selector") or {}
    if not selector or _ONE_POD & selector.keys():
        return False
    return not pods or any(selector.items() <= labels.items() for labels in pods)


def _is(port: Fields, wanted: str) -> bool:
    texts = {str(port.get(key, "")) for key in ("name", "port", "targetPort")}
    return wanted in texts and port.get("protocol", "TCP") == "TCP"


def _is_headless(item: ServicePort) -> bool:
    return item.service["spec"].get("clusterIP") == _HEADLESS
