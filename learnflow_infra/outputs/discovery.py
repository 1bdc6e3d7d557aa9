"""The endpoints of a skill, from what its releases rendered and the cluster's Services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.locations import Address, Endpoint, Target
from learnflow_infra.models import EndpointSpec, ReleaseName, SecretKeys, Skill, Values, Variables
from learnflow_infra.objects import Object
from learnflow_infra.outputs import container_variables, services
from learnflow_infra.outputs.container_variables import SecretKey, Server
from learnflow_infra.outputs.endpoints import KUBECTL
from learnflow_infra.outputs.placeholders import fill, holds, keys
from learnflow_infra.outputs.services import ServicePort

DOMAIN = "cluster.local"
"""The DNS domain of Services."""
_OPTIONAL = {"host", "credentials", "parameters"}
"""Parts of an endpoint that may be missing; lines that need them are left out then."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A release as helm rendered it: its objects, and the values with the chart's defaults."""

    values: Values
    objects: Sequence[Object]


def discover(
    kube: Kube,
    target: Target,
    namespace: str,
    skill: Skill,
    releases: Mapping[ReleaseName, Rendered],
) -> list[Endpoint]:
    """The current endpoints of a skill.

    Args:
        kube: the cluster.
        target: has the node's address for connections from this host.
        namespace: of the releases.
        skill: declares the endpoints.
        releases: each release as it was rendered.

    Raises:
        ReleaseFailedError: no Service leads to a server.
        InputError: a placeholder of skill.yaml has no value.
    """
    if not skill.endpoints:
        return []
    live = kube.items(f"/api/v1/namespaces/{namespace}/services")
    return [
        _Place(
            kube=kube,
            target=target,
            namespace=namespace,
            rendered=releases[spec.release],
            services=services.of_release(live, releases[spec.release].objects),
        ).endpoint(skill, spec)
        for spec in skill.endpoints
    ]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A release in the cluster, with its live Services."""

    kube: Kube
    target: Target
    namespace: str
    rendered: Rendered
    services: Sequence[Object]

    def endpoint(self, skill: Skill, spec: EndpointSpec) -> Endpoint:
        inside, server = self._server(spec)
        address = Address(
            host=f"{inside.name}.{self.namespace}.svc.{DOMAIN}", port=int(inside.port["port"])
        )
        scope: dict[str, Any] = {
            "namespace": self.namespace,
            "values": self.rendered.values,
            "kubectl": KUBECTL,
            "inCluster": {**vars(address), "service": inside.name},
        }
        host, why = self._from_host(spec, inside)
        if host:
            scope["host"] = vars(host)
        by_node = host is not None and host.host == self.target.node_address
        scope["parameters"] = self._parameters(spec, server, scope)
        credentials = self._credentials(spec, server, scope)
        if credentials:
            scope["credentials"] = credentials
        return Endpoint(
            name=spec.name,
            skill=skill.name,
            release=spec.release,
            protocol=spec.protocol,
            in_cluster=address,
            host=host,
            without_host=why,
            without_node_port=self.target.without_nodes if by_node else "",
            selector=inside.service["spec"].get("selector") or {},
            parameters=scope["parameters"],
            credentials=credentials,
            env={key: fill(text, scope) for key, text in spec.env.items() if _usable(text, scope)},
            connect=tuple(fill(line, scope) for line in spec.connect if _usable(line, scope)),
            tunnel=self._tunnels() if self.target.tunnel and by_node else (),
        )

    def _server(self, spec: EndpointSpec) -> tuple[ServicePort, Server | None]:
        """The Service for clients in the cluster, and the container behind it if rendered."""
        wanted = spec.in_cluster
        servers = container_variables.servers(self.rendered.objects, spec.pods, wanted.port)
        found = services.leading_to(self.services, wanted, [each.labels for each in servers])
        if not found:
            raise ReleaseFailedError(
                f"No Service of {spec.release} leads to its port {wanted.port}.",
                why=f"In namespace {self.namespace}: {self._names() or 'it has no Service'}.",
            )
        selector = found[0].service["spec"].get("selector") or {}
        behind = [each for each in servers if selector.items() <= each.labels.items()]
        return found[0], next(iter(behind), None)

    def _names(self) -> str:
        return ", ".join(
            f"Service {item['metadata']['name']} has the port {port.get('name') or port['port']}"
            for item in self.services
            for port in item["spec"].get("ports", ())
        )

    def _from_host(self, spec: EndpointSpec, inside: ServicePort) -> tuple[Address | None, str]:
        """The address for this host, or None and why there is none."""
        servers = container_variables.servers(self.rendered.objects, spec.pods, spec.host.port)
        found = services.leading_to(self.services, spec.host, [each.labels for each in servers])
        chosen = services.outside(found, inside)
        if chosen is None:
            return None, f"no Service of {spec.release} has a port outside the cluster"
        if chosen.ingress:
            return Address(host=chosen.ingress, port=int(chosen.port["port"])), ""
        address = self.target.node_address or node_address(self.kube)
        return Address(host=address, port=int(chosen.node_port or chosen.port["port"])), ""

    def _parameters(
        self, spec: EndpointSpec, server: Server | None, scope: dict[str, Any]
    ) -> dict[str, str]:
        values = {
            key: self._resolve(server, value)
            if isinstance(value, Variables)
            else fill(value, scope)
            for key, value in spec.parameters.items()
        }
        return {key: value for key, value in values.items() if isinstance(value, str)}

    def _credentials(
        self, spec: EndpointSpec, server: Server | None, scope: dict[str, Any]
    ) -> SecretKeys | None:
        """The Secret of the first role, and its keys; other Secrets do not fit the record."""
        declared: Any = spec.credentials
        if declared and "secret" in declared and isinstance(declared["secret"], str):
            roles = {role: fill(key, scope) for role, key in declared["keys"].items()}
            return {"secret": fill(declared["secret"], scope), "keys": roles}
        variables: Mapping[str, Variables] = {
            **(declared or {}),
            **{
                key: value for key, value in spec.parameters.items() if isinstance(value, Variables)
            },
        }
        resolved = {role: self._resolve(server, value) for role, value in variables.items()}
        secrets = {role: value for role, value in resolved.items() if isinstance(value, SecretKey)}
        if not secrets:
            return None
        name = next(iter(secrets.values())).secret
        return {
            "secret": name,
            "keys": {role: value.key for role, value in secrets.items() if value.secret == name},
        }

    def _resolve(self, server: Server | None, variables: Variables) -> str | SecretKey:
        if server is None:
            return variables.default
        return container_variables.resolve(server, variables, self._config)

    def _config(self, name: str) -> Mapping[str, str]:
        """`data` of a ConfigMap."""
        found = self.kube.find(f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")
        return found.get("data") or {} if found else {}

    def _tunnels(self) -> tuple[str, ...]:
        """One `kubectl port-forward` for each node port, to the same port of this host."""
        return tuple(
            f"{KUBECTL} -n {self.namespace} port-forward "
            f"svc/{service['metadata']['name']} {port['nodePort']}:{port['port']}"
            for service in self.services
            for port in service["spec"].get("ports", ())
            if port.get("nodePort")
        )


def _usable(text: str, scope: Mapping[str, Any]) -> bool:
    """Whether the endpoint has the optional parts that a text refers to."""
    optional = [key for key in keys(text) if key.split(".")[0] in _OPTIONAL]
    return all(holds(scope, key) for key in optional)


def node_address(kube: Kube) -> str:
    """The address of node ports: a node's ExternalIP if one has it, else an InternalIP.

    Raises:
        ReleaseFailedError: no node has either (`status.addresses`).
    """
    addresses = [
        address
        for node in kube.items(api_paths.NODES)
        for address in node["status"].get("addresses", ())
    ]
    for kind in ("ExternalIP", "InternalIP"):
        for address in addresses:
            if address["type"] == kind:
                return str(address["address"])
    raise ReleaseFailedError("No node has an address, so node ports cannot be reached.")
