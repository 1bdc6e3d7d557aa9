"""Endpoints: found in the cluster's Services, written for people, programs and shells."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from learnflow_infra.clients.kube import Kube, selector
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import (
    Address,
    Document,
    Endpoint,
    EndpointSpec,
    ReleaseName,
    ServicePort,
    Skill,
    Target,
)
from learnflow_infra.objects import Fields, Object
from learnflow_infra.outputs.placeholders import fill

API_VERSION = "learnflow.infra/v1"
CONFIG_MAP = "learnflow-endpoints"
DOCUMENT = "endpoints.json"
"""The ConfigMap's key that holds the document."""
DOMAIN = "cluster.local"


def find(
    kube: Kube, target: Target, namespace: str, skill: Skill, values: Mapping[ReleaseName, Document]
) -> list[Endpoint]:
    """The endpoints of a skill as the cluster has them now.

    Args:
        kube: the cluster.
        target: tells the node's address for the host's side.
        namespace: where the releases are.
        skill: whose endpoints.
        values: release to its computed values.

    Raises:
        ReleaseFailedError: a Service or port that skill.yaml names does not exist.
        InputError: a placeholder of skill.yaml names nothing.
    """
    return [
        _endpoint(
            kube, target, skill, spec, {"namespace": namespace, "values": values[spec.release]}
        )
        for spec in skill.endpoints
    ]


def kubectl_command(target: Target) -> str:
    """Kubectl with the options that reach the target, for pasting into a shell.

    The kubeconfig of an embedded cluster has one context, so that need not be named.
    """
    if target.kubeconfig:
        return shlex.join([target.kubectl, "--kubeconfig", str(target.kubeconfig)])
    return shlex.join([target.kubectl, "--context", target.context])


def _endpoint(
    kube: Kube, target: Target, skill: Skill, spec: EndpointSpec, scope: dict[str, Any]
) -> Endpoint:
    namespace = scope["namespace"]
    _, inside = _port(kube, namespace, spec.in_cluster)
    host = _from_host(kube, target, *_port(kube, namespace, spec.host))
    service = Address(
        host=f"{spec.in_cluster.service}.{namespace}.svc.{DOMAIN}", port=int(inside["port"])
    )
    scope |= {
        "kubectl": kubectl_command(target),
        "inCluster": vars(service),
        "host": vars(host),
    }
    scope["parameters"] = {k: fill(text, scope) for k, text in spec.parameters.items()}
    credentials = spec.credentials and {
        "secret": fill(spec.credentials["secret"], scope),
        "keys": {role: fill(key, scope) for role, key in spec.credentials["keys"].items()},
    }
    return Endpoint(
        name=spec.name,
        skill=skill.name,
        release=spec.release,
        protocol=spec.protocol,
        in_cluster=service,
        host=host,
        parameters=scope["parameters"],
        credentials=credentials or None,
        env={name: fill(text, scope) for name, text in spec.env.items()},
        connect=tuple(fill(line, scope) for line in spec.connect),
        tunnel=tuple(_tunnel(kube, target, namespace, spec.release)) if target.tunnel else (),
    )


def _from_host(kube: Kube, target: Target, service: Object, port: Fields) -> Address:
    """A load balancer's address where it has one, else a node's and the node port."""
    balancers = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    for balancer in balancers:
        address = balancer.get("ip") or balancer.get("hostname")
        return Address(host=str(address), port=int(port["port"]))
    address = target.node_address or node_address(kube)
    return Address(host=address, port=int(port.get("nodePort") or port["port"]))


def _tunnel(kube: Kube, target: Target, namespace: str, release: ReleaseName) -> list[str]:
    """A command for each node port of a release: the same port, on this host's loopback."""
    labels = selector({"app.kubernetes.io/instance": release})
    services = kube.items(f"/api/v1/namespaces/{namespace}/services", labels=labels)
    return [
        f"{kubectl_command(target)} -n {namespace} port-forward "
        f"svc/{service['metadata']['name']} {port['nodePort']}:{port['port']}"
        for service in services
        for port in service["spec"]["ports"]
        if port.get("nodePort")
    ]


def _port(kube: Kube, namespace: str, wanted: ServicePort) -> tuple[Object, Fields]:
    """A Service and its port of that name."""
    service = kube.find(f"/api/v1/namespaces/{namespace}/services/{wanted.service}")
    for port in service["spec"]["ports"] if service else ():
        if service and port.get("name") == wanted.port:
            return service, port
    raise ReleaseFailedError(
        f"The Service {wanted.service} has no port {wanted.port}.",
        why=f"In namespace {namespace}; skill.yaml names it as an endpoint.",
    )


def node_address(kube: Kube) -> str:
    """Where node ports answer: a node's ExternalIP where there is one, else its InternalIP."""
    addresses = [a for n in kube.items("/api/v1/nodes") for a in n["status"].get("addresses", ())]
    for kind in ("ExternalIP", "InternalIP"):
        for address in addresses:
            if address["type"] == kind:
                return str(address["address"])
    raise ReleaseFailedError("No node has an address, so no node port can be named.")


def document(target: Target, namespace: str, endpoints: Sequence[Endpoint]) -> Document:
    """endpoints.json: the contract that programs read."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Endpoints",
        "namespace": namespace,
        "context": target.context,
        "profile": target.profile,
        "endpoints": [_as_json(endpoint) for endpoint in endpoints],
    }


def _as_json(endpoint: Endpoint) -> Document:
    return {
        "name": endpoint.name,
        "skill": endpoint.skill,
        "release": endpoint.release,
        "protocol": endpoint.protocol,
        "inCluster": vars(endpoint.in_cluster),
        "host": vars(endpoint.host),
        "parameters": dict(endpoint.parameters),
        "credentials": endpoint.credentials,
        "env": dict(endpoint.env),
        "connect": list(endpoint.connect),
        **({"tunnel": list(endpoint.tunnel)} if endpoint.tunnel else {}),
    }


def as_text(doc: Document, kubectl: str) -> str:
    """infra-endpoints.txt: for people, and for scripts that grep `name.key=value`."""
    lines = [f"# Endpoints in namespace {doc['namespace']} of context {doc['context']}", ""]
    for endpoint in doc["endpoints"]:
        lines += _paragraph(endpoint, doc["namespace"], kubectl)
    return "\n".join(lines)


def _paragraph(endpoint: Document, namespace: str, kubectl: str) -> list[str]:
    name, inside, host = endpoint["name"], endpoint["inCluster"], endpoint["host"]
    lines = [
        f"{name}.protocol={endpoint['protocol']}",
        f"{name}.in-cluster={inside['host']}:{inside['port']}",
        f"{name}.from-host={host['host']}:{host['port']}",
        *(f"{name}.{key}={value}" for key, value in endpoint["parameters"].items()),
    ]
    credentials = endpoint["credentials"]
    if credentials:
        lines.append(f"{name}.secret={credentials['secret']}")
        for role, key in credentials["keys"].items():
            lines.append(f"{name}.secret-key.{role}={key}")
            read = f"-o go-template='{{{{index .data \"{key}\" | base64decode}}}}'"
            lines.append(
                f"# read the {role}: {kubectl} -n {namespace} get secret "
                f"{credentials['secret']} {read}"
            )
    lines += [f"# keep this open meanwhile: {line}" for line in endpoint.get("tunnel", ())]
    lines += [f"# connect from this host: {line}" for line in endpoint["connect"]]
    return [*lines, ""]


def as_env(doc: Document) -> str:
    """endpoints.env: `KEY=value` lines with in-cluster addresses, for env files and shells."""
    pairs = [pair for endpoint in doc["endpoints"] for pair in sorted(endpoint["env"].items())]
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in pairs)
