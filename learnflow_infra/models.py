"""The values that one module hands to the next: frozen, keyword-only, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NewType

from learnflow_infra.remedy import Words

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
class RegistryKeys:
    """Dotted keys of a chart's values that hold the registry of its images, and their prefix.

    For charts that have one place for all images, beside the usual {registry, repository}
    of each.
    """

    registry: str
    repository: str = ""


@dataclass(frozen=True, kw_only=True)
class OperatorImages:
    """Images that an operator will use: lines KEY=IMAGE in a variable of its pods.

    `release` is whose manifest has the variable, `env` its name, `key` a text with
    `${values.…}` that gives the KEY.
    """

    release: ReleaseName
    env: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where a release's chart comes from in one profile.

    `host_address_key` is the dotted key of the values that takes the address by which the
    host reaches the nodes, for servers that advertise it; "" where there is none.
    `keeps` are collections of custom resources (`group/version/plural`) that outlive the
    release, for data would go with them; a purge removes those with the volumes' labels.
    """

    chart: str
    """A folder's absolute path, or a reference `oci://host/path/name` without a version."""
    version: str = ""
    """Exact; for OCI only."""
    images: tuple[ImageUse, ...] = ()
    registry_keys: tuple[RegistryKeys, ...] = ()
    operator_images: tuple[OperatorImages, ...] = ()
    host_address_key: str = ""
    keeps: tuple[str, ...] = ()

    @property
    def remote(self) -> bool:
        """The chart is in an OCI registry."""
        return self.chart.startswith("oci://")


@dataclass(frozen=True, kw_only=True)
class ReadyRule:
    """When a kind is ready: CEL over the object's fields, as Flux's `healthCheckExprs`."""

    api_version: str
    kind: str
    current: str
    in_progress: str = ""
    failed: str = ""


@dataclass(frozen=True, kw_only=True)
class DeclaredCause:
    """A cause that only the application's own words tell.

    `log` and `check` are regular expressions: for the last log lines of a container that is
    not ready, and for the messages of failed verification checks. `grace` in seconds.
    """

    code: str
    message: str
    remedy: Words
    log: str = ""
    check: str = ""
    grace: float = 60.0


@dataclass(frozen=True, kw_only=True)
class RemovedImages:
    """Images that their publisher removed from a registry.

    `prefix` begins their names, with the registry (`docker.io/publisher/`); those with one of
    the tags `kept`, and those named by digest, may still be there.
    """

    prefix: str
    why: str
    remedy: str
    kept: tuple[str, ...] = ()


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
    rules: tuple[ReadyRule, ...] = ()
    causes: tuple[DeclaredCause, ...] = ()
    grace: Mapping[str, float] = field(default_factory=dict)
    """Seconds by code of a cause, in place of its policy's."""
    removed_images: tuple[RemovedImages, ...] = ()


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
    """An endpoint as it was found in the cluster.

    `tunnel` are commands that have to run while the host's address is used; mostly none.
    """

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
    tunnel: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check; `origin` tells from where it was made."""

    name: str
    passed: bool
    message: str
    origin: str = ""
    seconds: float = 0.0
    remedy: Words = ""
