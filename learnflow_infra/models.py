"""What a skill declares, as frozen values, and types of names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NewType, TypedDict

from learnflow_infra.remedy import Remedy, Words

ReleaseName = NewType("ReleaseName", str)
"""Helm's release name; also the top-level key of overrides and the folder in charts-values/."""
SkillName = NewType("SkillName", str)
Profile = NewType("Profile", str)
"""`embedded` or `upstream`: which charts and images a deploy uses."""

Values = dict[str, Any]
"""Helm's values of one release, or a part of them."""
Document = dict[str, Any]
"""A YAML or JSON mapping of an unknown shape; Kubernetes objects have types in `objects`."""


@dataclass(frozen=True, kw_only=True)
class ImageUse:
    """An image to build: the folder of its recipe, and the chart's key for its name."""

    recipe: Path
    values: str


@dataclass(frozen=True, kw_only=True)
class RegistryKeys:
    """Dotted keys of a chart's values for the registry of all its images, and for their prefix."""

    registry: str
    repository: str = ""


@dataclass(frozen=True, kw_only=True)
class OperatorImages:
    """Images that an operator uses: lines KEY=IMAGE in an environment variable of its pods.

    `release` is the operator's, `env` the variable's name, and `key` the KEY, which may hold
    `${values.…}`.
    """

    release: ReleaseName
    env: str
    key: str


@dataclass(frozen=True, kw_only=True)
class OperatorSpec:
    """How the operator that a chart installs is found where others run it.

    `deployment` is the name of its Deployment, and `watches` the variable of its pods with the
    namespaces that it watches. `remedy` says how it can serve one more, with `${namespace}`,
    `${version}`, `${operatorNamespace}` and `${namespaces}`.
    """

    deployment: str
    watches: str
    remedy: Remedy


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where a release's chart comes from in one profile.

    `host_address_key` is the dotted key of the values for the address by which the host
    reaches the nodes, which some servers advertise; "" where there is none. `keeps` are
    collections of custom resources (`group/version/plural`) that stay when the release is
    deleted, because data depends on them; a purge removes those with the volumes' labels.
    `cluster_objects_key` is the dotted key of the boolean by which the chart has objects of no
    namespace, such as ClusterRoles; "" where there is none.
    """

    chart: str
    """A folder's absolute path, or a reference `oci://host/path/name` without a version."""
    version: str = ""
    """Exact; for OCI only."""
    kubernetes: str = ""
    """The oldest minor version of Kubernetes that it supports, as 1.30; "" for the gate's own."""
    images: tuple[ImageUse, ...] = ()
    offered: tuple[ImageUse, ...] = ()
    """Images of this project that can take the place of the chart's, if the user chooses them."""
    registry_keys: tuple[RegistryKeys, ...] = ()
    operator_images: tuple[OperatorImages, ...] = ()
    operator: OperatorSpec | None = None
    host_address_key: str = ""
    keeps: tuple[str, ...] = ()
    cluster_objects_key: str = ""

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
    """A cause that shows only in the application's log or in verification checks.

    `log` and `check` are regular expressions, for the last log lines of a container that is
    not ready and for the messages of failed checks. `grace` is in seconds.
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
    the tags `kept`, and references by digest, may still exist.
    """

    prefix: str
    why: str
    remedy: str
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnpatchedImages:
    """Images that can be pulled and get no more patches.

    `prefix` begins their names, with the registry. `since` is the day of the last patch
    (2025-08-28). `remedy` says how to choose other images.
    """

    prefix: str
    since: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class FixedByVolumes:
    """Values that have their effect on empty volumes only.

    `keys` are dotted. `change` says what is possible while volumes exist: `none`; `growth` of a
    number; or any, which is `ignored`.
    """

    keys: tuple[str, ...]
    why: str
    remedy: Words = ""
    change: str = "none"


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
    unpatched_images: tuple[UnpatchedImages, ...] = ()
    fixed_by_volumes: tuple[FixedByVolumes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A Secret that is generated once; `volumes` selects the claims whose data depends on it.

    `restore` is how a Secret is made again that the data outlived, with `${kubectl}` and
    `${namespace}`.
    """

    secret: str
    keys: tuple[str, ...]
    volumes: Mapping[str, str]
    restore: Remedy = field(default_factory=Remedy)


class SecretKeys(TypedDict):
    """The name of a Secret, and its key for each role, such as `username`."""

    secret: str
    keys: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PortSpec:
    """A port of the Services that lead to a server: its name, number or target port.

    `service` names one Service; "" means every Service of the release that selects its pods.
    """

    port: str
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Variables:
    """Environment variables of a server's container, of which the first that is set counts."""

    names: tuple[str, ...]
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class EndpointSpec:
    """An endpoint as a skill declares it; texts may hold ${placeholders}.

    `pods` are labels that tell the server's pods from others of the release. `credentials`
    maps a role, such as `password`, to the variables that get its Secret, or names a Secret
    and its keys.
    """

    name: str
    release: ReleaseName
    protocol: str
    in_cluster: PortSpec
    host: PortSpec
    pods: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str | Variables]
    credentials: SecretKeys | Mapping[str, Variables] | None
    env: Mapping[str, str]
    connect: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Skill:
    """A folder of skills-library/, read and checked."""

    name: SkillName
    description: str
    folder: Path
    credentials: tuple[Credential, ...]
    releases: tuple[Release, ...]
    endpoints: tuple[EndpointSpec, ...]

    @property
    def verify_script(self) -> Path:
        """The skill's own verification program."""
        return self.folder / "verify.py"
