"""The endpoints as one document (endpoints.json), and as text for people and for shells."""

import re
import shlex
from collections.abc import Iterator, Sequence

from learnflow_infra.locations import Address, Endpoint, Target
from learnflow_infra.outputs.contracts import AddressDocument, EndpointDocument, EndpointsDocument

API_VERSION = "learnflow.infra/v1"
KUBECTL = "kubectl"
"""How recorded commands call kubectl: a record names no path and no kubeconfig of its writer."""
_CALL = re.compile(r"(?<![\w./-])[\w./~+@-]*kubectl(?: --(?:kubeconfig|context) \S+)*(?= -n )")
"""A call of kubectl in a command. Earlier versions recorded one with the writer's paths."""


def kubectl_command(target: Target) -> str:
    """Kubectl with the options for the target, for pasting into a shell.

    The kubeconfig of an embedded cluster has one context, which is left out.
    """
    if target.kubeconfig:
        return shlex.join([target.kubectl, "--kubeconfig", str(target.kubeconfig)])
    return shlex.join([target.kubectl, "--context", target.context])


def document(target: Target, namespace: str, endpoints: Sequence[Endpoint]) -> EndpointsDocument:
    """The document of endpoints.json, as endpoints.schema.json describes it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Endpoints",
        "namespace": namespace,
        "context": target.context,
        "profile": target.profile,
        "endpoints": [_as_json(endpoint) for endpoint in endpoints],
    }


def _as_json(endpoint: Endpoint) -> EndpointDocument:
    document: EndpointDocument = {
        "name": endpoint.name,
        "skill": endpoint.skill,
        "release": endpoint.release,
        "protocol": endpoint.protocol,
        "inCluster": _address(endpoint.in_cluster),
        "selector": dict(endpoint.selector),
        "parameters": dict(endpoint.parameters),
        "credentials": endpoint.credentials,
        "env": dict(endpoint.env),
        "connect": list(endpoint.connect),
        "verified": None,
    }
    if endpoint.host:
        document["host"] = _address(endpoint.host)
    else:
        document["withoutHost"] = endpoint.without_host
    if endpoint.without_node_port:
        document["withoutNodePort"] = endpoint.without_node_port
    if endpoint.tunnel:
        document["tunnel"] = list(endpoint.tunnel)
    return document


def on_host(doc: EndpointsDocument, target: Target) -> EndpointsDocument:
    """The document with commands that work on this host, as its paths are."""
    kubectl = kubectl_command(target)
    return {**doc, "endpoints": [with_kubectl(item, kubectl) for item in doc.get("endpoints", ())]}


def with_kubectl(item: EndpointDocument, kubectl: str) -> EndpointDocument:
    """An endpoint whose commands call kubectl by `kubectl`, such as `kubectl_command`."""
    commands = {
        key: [_CALL.sub(lambda _: kubectl, line) for line in item.get(key, ())]
        for key in ("connect", "tunnel")
        if key in item
    }
    return {**item, **commands}  # type: ignore[typeddict-item]


def proof_of(item: EndpointDocument) -> str:
    """`verified TIME by PROGRAM: CHECKS`, or `not verified: WHY`."""
    verified = item.get("verified")
    if verified:
        return f"verified {verified['at']} by {verified['by']}: " + ", ".join(verified["checks"])
    return "not verified" + (f": {item['unverified']}" if item.get("unverified") else "")


def _address(address: Address) -> AddressDocument:
    return {"host": address.host, "port": address.port}


def as_text(doc: EndpointsDocument, kubectl: str) -> str:
    """infra-endpoints.txt: for people, and for scripts that grep `name.key=value`."""
    lines = [f"# Endpoints in namespace {doc['namespace']} of context {doc['context']}", ""]
    if not doc["endpoints"]:
        lines.append("# None is recorded.\n")
    for endpoint in doc["endpoints"]:
        lines += _paragraph(with_kubectl(endpoint, kubectl), doc["namespace"], kubectl)
    return "\n".join(lines)


def _paragraph(endpoint: EndpointDocument, namespace: str, kubectl: str) -> list[str]:
    verified = endpoint.get("verified")
    name, in_cluster = endpoint["name"], endpoint["inCluster"]
    return [
        f"# {proof_of(endpoint)}",
        f"{name}.verified={verified['at'] if verified else 'no'}",
        f"{name}.protocol={endpoint['protocol']}",
        f"{name}.in-cluster={in_cluster['host']}:{in_cluster['port']}",
        _from_host(endpoint),
        *(f"{name}.{key}={value}" for key, value in endpoint["parameters"].items()),
        *_credentials(endpoint, namespace, kubectl),
        *_without_node_port(endpoint),
        *(f"# keep this open meanwhile: {line}" for line in endpoint.get("tunnel", ())),
        *(f"# connect from this host: {line}" for line in endpoint["connect"]),
        "",
    ]


def _from_host(endpoint: EndpointDocument) -> str:
    """The address for this host; without one a comment, which no script takes for an address."""
    if "host" not in endpoint:
        return f"# {endpoint['name']} is not reached from this host: {without_host(endpoint)}"
    return f"{endpoint['name']}.from-host={endpoint['host']['host']}:{endpoint['host']['port']}"


def _without_node_port(endpoint: EndpointDocument) -> list[str]:
    why = endpoint.get("withoutNodePort")
    return [f"# {endpoint['name']}.from-host is a tunnel's end, no node port: {why}"] if why else []


def without_host(endpoint: EndpointDocument) -> str:
    """Why an endpoint has no address for this host."""
    return endpoint.get("withoutHost", "no address is recorded")


def _credentials(endpoint: EndpointDocument, namespace: str, kubectl: str) -> list[str]:
    """The Secret, and for each of its keys the name and a command that reads it."""
    credentials = endpoint["credentials"]
    if not credentials:
        return []
    name, secret = endpoint["name"], credentials["secret"]
    lines = [f"{name}.secret={secret}"]
    for role, key in credentials["keys"].items():
        template = f"-o go-template='{{{{index .data \"{key}\" | base64decode}}}}'"
        lines += [
            f"{name}.secret-key.{role}={key}",
            f"# read the {role}: {kubectl} -n {namespace} get secret {secret} {template}",
        ]
    return lines


def as_env(doc: EndpointsDocument) -> str:
    """endpoints.env: `KEY=value` lines with in-cluster addresses, for env files and shells."""
    return "".join(line for endpoint in doc.get("endpoints", ()) for line in _env(endpoint))


def _env(endpoint: EndpointDocument) -> Iterator[str]:
    yield f"# {endpoint['name']}: {proof_of(endpoint)}\n"
    for key, value in sorted(endpoint["env"].items()):
        yield f"{key}={shlex.quote(value)}\n"
