"""Pure: what minikube prints, read. Text of another form reads as nothing, and never raises."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from learnflow_infra.fields import at, count, items, part, text

_LOGGED = re.compile(r"[EWIF]\d{4} [\d:.]+ +\d+ \S+\] ")
"""The start of a line of klog, which minikube logs by."""
_LABELS = re.compile(r"status error: |host: |state: |error getting statuses: ")
_TRANSIENT = range(100, 200)
"""Status codes of a cluster that is being changed: Starting 100, Stopping 110, and so on.

Source: minikube's pkg/minikube/cluster/status.go.
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node as a profile records it; `name` is also its name in Kubernetes."""

    name: str
    address: str
    port: int
    control_plane: bool


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile of `minikube profile list`.

    `active` also holds for the profile `minikube` if the user made none active. `driver` is
    docker, kvm2, none and so on. `virtual_ip` is the address of several control planes.
    """

    name: str
    active: bool
    driver: str
    nodes: tuple[Node, ...]
    virtual_ip: str = ""

    @property
    def addresses(self) -> set[str]:
        """The addresses at which its API server listens, as HOST:PORT."""
        planes = [node for node in self.nodes if node.control_plane]
        hosts = [(node.address, node.port) for node in planes]
        virtual = [(self.virtual_ip, node.port) for node in planes if self.virtual_ip]
        return {f"{host}:{port}" for host, port in [*hosts, *virtual]}


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of a node in `minikube status`; "" for a word that is missing."""

    name: str
    host: str
    kubelet: str
    apiserver: str
    kubeconfig: str
    worker: bool


def profiles(output: str) -> list[Profile] | None:
    """The valid profiles of `minikube profile list -o json`; None if it listed none at all."""
    document = _json(output)
    if not isinstance(document, dict) or "valid" not in document:
        return None
    return [_profile(item) for item in items(document, "valid") if text(item, "Name")]


def invalid(output: str) -> list[str]:
    """The names of the profiles that minikube cannot read. `--light` never lists them."""
    return [name for item in items(_json(output), "invalid") if (name := text(item, "Name"))]


def states(output: str) -> list[State] | None:
    """The nodes of `minikube status -o json`: an object, or an array for several nodes.

    Returns:
        None if it is unknown: `null`, events in place of a state, or nothing.
    """
    document = _json(output)
    found = [document] if isinstance(document, dict) else document
    if not isinstance(found, list):
        return None
    return [_state(item) for item in found if at(item, "Host")] or None


def transient(output: str) -> str:
    """The word of `minikube status -l cluster` for a cluster that is being changed, or ""."""
    document = _json(output)
    return text(document, "StatusName") if count(document, "StatusCode") in _TRANSIENT else ""


def reason(output: str, errors: str) -> str:
    """Why minikube printed neither a state nor a list, in one line."""
    event = next(iter(output.splitlines()), "")
    lines = [line.strip() for line in errors.partition("panic: ")[0].splitlines()]
    plain = [s for s in lines if s and not _LOGGED.match(s) and s not in {"stdout:", "stderr:"}]
    logged = [_LABELS.sub("", _LOGGED.sub("", line)) for line in lines if _LOGGED.match(line)]
    said = text(_json(event), "data", "message") or next(reversed([*logged, *plain]), "")
    return said.rstrip(".") or "it does not say why"


def wanted_server(errors: str) -> str:
    """The API server's HOST:PORT where the kubeconfig has another one; "" if it does not say."""
    match = re.search(r"kubeconfig endpoint: got: \S+, want: (\S+)", errors)
    return match[1] if match else ""


def _json(output: str) -> Any:
    """The first JSON that begins a line: a wrapper or a notice may print lines before it."""
    for start in re.finditer(r"^[\[{]", output, re.MULTILINE):
        with suppress(ValueError):
            return json.JSONDecoder().raw_decode(output, start.start())[0]
    return None


def _profile(item: Any) -> Profile:
    name, config = text(item, "Name"), part(item, "Config")
    return Profile(
        name=name,
        active=at(item, "Active") is True,
        driver=text(config, "Driver"),
        nodes=tuple(_node(name, node) for node in items(config, "Nodes")),
        virtual_ip=text(config, "KubernetesConfig", "APIServerHAVIP"),
    )


def _node(profile: str, node: Any) -> Node:
    """A node; the first one has no name in the record, and the profile's in Kubernetes."""
    name = text(node, "Name")
    return Node(
        name=f"{profile}-{name}" if name else profile,
        address=text(node, "IP"),
        port=count(node, "Port", default=8443),
        control_plane=at(node, "ControlPlane") is True,
    )


def _state(item: Any) -> State:
    return State(
        name=text(item, "Name"),
        host=text(item, "Host"),
        kubelet=text(item, "Kubelet"),
        apiserver=text(item, "APIServer"),
        kubeconfig=text(item, "Kubeconfig"),
        worker=at(item, "Worker") is True,
    )
