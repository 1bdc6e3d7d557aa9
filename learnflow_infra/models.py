"""The values that one module hands to the next: frozen, keyword-only, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NewType

ReleaseName = NewType("ReleaseName", str)
"""Helm's release name; also the top-level key of overrides and the folder in charts-values/."""
SkillName = NewType("SkillName", str)
Profile = NewType("Profile", str)
"""`embedded` or `upstream`: which charts and images a deploy uses."""

Document = dict[str, Any]
"""A YAML or JSON mapping, such as a Kubernetes object."""


@dataclass(frozen=True, kw_only=True)
class ImageUse:
    """An image that a chart needs built: its recipe's folder, and the chart's key that takes it."""

    recipe: Path
    values: str


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where a release's chart comes from in one profile."""

    chart: str
    """A folder's absolute path."""
    images: tuple[ImageUse, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """One Helm release of a skill. Times in seconds; selectors are label=value."""

    name: ReleaseName
    skill: SkillName
    profiles: Mapping[Profile, ChartSource]
    needs: tuple[ReleaseName, ...] = ()
    ready_timeout: float = 300.0
    settle: float = 0.0
    volumes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A Secret generated once; `volumes` selects the claims whose data only it opens."""

    secret: str
    keys: tuple[str, ...]
    volumes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """A Service and the name of one of its ports."""

    service: str
    port: str


@dataclass(frozen=True, kw_only=True)
class EndpointSpec:
    """An endpoint as a skill declares it; texts may hold ${placeholders}."""

    name: str
    release: ReleaseName
    protocol: str
    in_cluster: ServicePort
    host: ServicePort
    parameters: Mapping[str, str]
    credentials: Document | None
    env: Mapping[str, str]
    connect: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What a skill's releases ask of the cluster: CPU in cores, memory and storage in bytes."""

    cpu: float
    memory: int
    storage: int


@dataclass(frozen=True, kw_only=True)
class Skill:
    """A folder of skills-library/, read and checked."""

    name: SkillName
    description: str
    folder: Path
    foundation: Foundation
    credentials: tuple[Credential, ...]
    releases: tuple[Release, ...]
    endpoints: tuple[EndpointSpec, ...]

    @property
    def verify_script(self) -> Path:
        """The skill's own verification program."""
        return self.folder / "verify.py"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a deploy goes. `cluster` is the embedded cluster's name when that is the engine."""

    kind: Literal["context", "minikube", "embedded"]
    context: str
    kubeconfig: Path | None
    profile: Profile
    cluster: str | None = None
    node_address: str | None = None
    kubectl: str = "kubectl"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host name or IP address, and a TCP port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint as it was found in the cluster."""

    name: str
    skill: SkillName
    release: ReleaseName
    protocol: str
    in_cluster: Address
    host: Address
    parameters: Mapping[str, str]
    credentials: Document | None
    env: Mapping[str, str]
    connect: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check; `origin` tells from where it was made."""

    name: str
    passed: bool
    message: str
    origin: str = ""
    seconds: float = 0.0
    remedy: str = ""
