"""The endpoints of a skill, discovered in the cluster's Services."""

from collections.abc import Mapping
from typing import Any

from learnflow_infra.clients.kube import Kube, selector
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.locations import Address, Endpoint, Target
from learnflow_infra.models import EndpointSpec, ReleaseName, ServicePort, Skill, Values
from learnflow_infra.objects import Fields, Object
from learnflow_infra.outputs.endpoints import kubectl_command
from learnflow_infra.outputs.placeholders import fill

DOMAIN = "cluster.local"
"""The DNS domain of Services."""


def discover(
    kube: Kube, target: Target, namespace: str, skill: Skill, values: Mapping[ReleaseName, Values]
) -> list[Endpoint]:
    """The current endpoints of a skill.

    Args:
        kube: the cluster.
        target: has the node's address for connections from this host.
        namespace: of the releases.
        skill: declares the endpoints.
        values: of each release, with the chart's defaults.

    Raises:
        ReleaseFailedError: a Service or port that skill.yaml names does not exist.
        InputError: a placeholder of skill.yaml has no value.
    """
    return [
        _endpoint(
            kube, target, skill, spec, {"namespace": namespace, "values": values[spec.release]}
        )
        for spec in skill.endpoints
    ]


def _endpoint(
    kube: Kube, target: Target, skill: Skill, spec: EndpointSpec, scope: dict[str, Any]
) -> Endpoint:
    namespace = scope["namespace"]
    _, port = _port(kube, namespace, spec.in_cluster)
    host = _from_host(kube, target, *_port(kube, namespace, spec.host))
    in_cluster = Address(
        host=f"{spec.in_cluster.service}.{namespace}.svc.{DOMAIN}", port=int(port["port"])
    )
    scope |= {"kubectl": kubectl_command(target), "inCluster": vars(in_cluster), "host": vars(host)}
    scope["parameters"] = {key: fill(text, scope) for key, text in spec.parameters.items()}
    credentials = spec.credentials and {
        "secret": fill(spec.credentials["secret"], scope),
        "keys": {role: fill(key, scope) for role, key in spec.credentials["keys"].items()},
    }
    return Endpoint(
        name=spec.name,
        skill=skill.name,
        release=spec.release,
        protocol=spec.protocol,
        in_cluster=in_cluster,
        host=host,
        parameters=scope["parameters"],
        credentials=credentials or None,
        env={name: fill(text, scope) for name, text in spec.env.items()},
        connect=tuple(fill(line, scope) for line in spec.connect),
        tunnel=tuple(_tunnel(kube, target, namespace, spec.release)) if target.tunnel else (),
    )


def _port(kube: Kube, namespace: str, port: ServicePort) -> tuple[Object, Fields]:
    """A Service, and its port of that name (`spec.ports[]`)."""
    service = kube.find(f"/api/v1/namespaces/{namespace}/services/{port.service}")
    for item in service["spec"]["ports"] if service else ():
        if service and item.get("name") == port.port:
            return service, item
    raise ReleaseFailedError(
        f"The Service {port.service} has no port {port.port}.",
        why=f"In namespace {namespace}; skill.yaml names it as an endpoint.",
    )


def _from_host(kube: Kube, target: Target, service: Object, port: Fields) -> Address:
    """The load balancer's address if there is one, else a node's address and the node port."""
    balancers = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    if balancers:
        address = balancers[0].get("ip") or balancers[0].get("hostname")
        return Address(host=str(address), port=int(port["port"]))
    address = target.node_address or node_address(kube)
    return Address(host=address, port=int(port.get("nodePort") or port["port"]))


def node_address(kube: Kube) -> str:
    """The address of node ports: a node's ExternalIP if one has it, else an InternalIP.

    Raises:
        ReleaseFailedError: no node has either (`status.addresses`).
    """
    addresses = [
        address
        for node in kube.items("/api/v1/nodes")
        for address in node["status"].get("addresses", ())
    ]
    for kind in ("ExternalIP", "InternalIP"):
        for address in addresses:
            if address["type"] == kind:
                return str(address["address"])
    raise ReleaseFailedError("No node has an address, so node ports cannot be reached.")


def _tunnel(kube: Kube, target: Target, namespace: str, release: ReleaseName) -> list[str]:
    """One `kubectl port-forward` for each node port of a release, to the same port of this host."""
    labels = selector({"app.kubernetes.io/instance": release})
    services = kube.items(f"/api/v1/namespaces/{namespace}/services", labels=labels)
    return [
        f"{kubectl_command(target)} -n {namespace} port-forward "
        f"svc/{service['metadata']['name']} {port['nodePort']}:{port['port']}"
        for service in services
        for port in service["spec"]["ports"]
        if port.get("nodePort")
    ]
