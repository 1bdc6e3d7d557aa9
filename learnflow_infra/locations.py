"""Where a deploy goes, and where applications connect to what it deployed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from learnflow_infra.models import Profile, ReleaseName, SecretKeys, SkillName


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a deploy goes.

    `cluster` is the name of the embedded cluster, if it is one, and `state` its state; others
    count as running. `driver` is minikube's. `node_address` is where this host reaches node
    ports, through a `tunnel` or not. `environment` is what programs that connect to the
    cluster need in addition to this process's own environment.
    """

    kind: Literal["context", "minikube", "embedded"]
    context: str
    kubeconfig: Path | None
    profile: Profile
    cluster: str | None = None
    node_address: str | None = None
    kubectl: str = "kubectl"
    driver: str = ""
    tunnel: bool = False
    state: Literal["running", "stopped", "absent"] = "running"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host name or IP address, and a TCP port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint of a deployed skill, with the addresses that it has in the cluster.

    `tunnel` are commands that have to run while the address from the host is used.
    """

    name: str
    skill: SkillName
    release: ReleaseName
    protocol: str
    in_cluster: Address
    host: Address
    parameters: Mapping[str, str]
    credentials: SecretKeys | None
    env: Mapping[str, str]
    connect: tuple[str, ...]
    tunnel: tuple[str, ...] = ()
