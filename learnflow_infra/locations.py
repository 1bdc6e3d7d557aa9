"""The cluster of a deploy, and the endpoints for applications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from learnflow_infra.errors import LearnflowError
from learnflow_infra.models import Profile, ReleaseName, SecretKeys, SkillName


@dataclass(frozen=True, kw_only=True)
class Target:
    """The cluster that a deploy changes.

    `cluster` is the name of an embedded cluster and `state` its state; other clusters count as
    running. `server` is the URL of minikube's API server. `node_address` is the host's address for
    node ports, which need a `tunnel` or not; `without_nodes` says why this user needs one, and
    others may not. `environment` are variables that programs need to connect to the cluster,
    in addition to this process's own. `choice` is a line about what was chosen and passed over;
    `fault` is why the cluster cannot be used now.
    """

    kind: Literal["context", "minikube", "embedded"]
    context: str
    kubeconfig: Path | None
    profile: Profile
    cluster: str | None = None
    node_address: str | None = None
    kubectl: str = "kubectl"
    driver: str = ""
    server: str = ""
    tunnel: bool = False
    without_nodes: str = ""
    state: Literal["running", "stopped", "absent"] = "running"
    environment: Mapping[str, str] = field(default_factory=dict)
    choice: str = ""
    fault: LearnflowError | None = None


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host name or IP address, and a TCP port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint of a deployed skill, with its addresses inside the cluster and from the host.

    `host` is None if there is no way from the host; `without_host` then says why.
    `without_node_port` says why it is no node's address but a tunnel's. `selector`
    are the labels by which the Service selects the server's pods. `tunnel` are commands that
    must run while `host` is used.
    """

    name: str
    skill: SkillName
    release: ReleaseName
    protocol: str
    in_cluster: Address
    host: Address | None
    parameters: Mapping[str, str]
    credentials: SecretKeys | None
    env: Mapping[str, str]
    connect: tuple[str, ...]
    without_host: str = ""
    without_node_port: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    tunnel: tuple[str, ...] = ()
