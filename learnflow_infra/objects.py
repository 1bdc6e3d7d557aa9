"""Types for the fields of Kubernetes objects that this program reads.

`Object` is an object of any kind, with plain mappings as `spec` and `status`. Some kinds have
a type, and a guard such as `is_pod` that narrows to it.
Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.37/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NewType, Required, TypedDict, TypeGuard

if TYPE_CHECKING:
    from typing_extensions import ReadOnly  # lets a kind narrow `spec` and `status`

Reference = NewType("Reference", str)
"""`Kind/name`, as kubectl writes it."""
Fields = Mapping[str, Any]
"""A part of an object whose fields depend on its kind."""


class OwnerReference(TypedDict):
    """An entry of `metadata.ownerReferences`."""

    kind: str
    name: str
    uid: str


class Metadata(TypedDict, total=False):
    """`metadata` of any object; manifests lack the fields that the server sets."""

    name: Required[str]
    namespace: str
    uid: str
    resourceVersion: str
    generation: int
    creationTimestamp: str
    deletionTimestamp: str
    labels: dict[str, str]
    annotations: dict[str, str]
    finalizers: list[str]
    ownerReferences: list[OwnerReference]


class Object(TypedDict, total=False):
    """An object of any kind, live or in a manifest."""

    apiVersion: Required[str]
    kind: Required[str]
    metadata: Required[Metadata]
    spec: ReadOnly[Fields]
    status: ReadOnly[Fields]
    data: dict[str, str]
    stringData: dict[str, str]
    type: str


class Condition(TypedDict, total=False):
    """An entry of `status.conditions`; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str
    message: str
    observedGeneration: int


class Waiting(TypedDict, total=False):
    """`state.waiting` of a container."""

    reason: str
    message: str


class Terminated(TypedDict, total=False):
    """`state.terminated` of a container."""

    exitCode: int
    reason: str
    message: str


class ContainerState(TypedDict, total=False):
    """`state` or `lastState` of a container: it has one of the three keys."""

    waiting: Waiting
    running: Fields
    terminated: Terminated


class ContainerStatus(TypedDict, total=False):
    """An entry of `status.containerStatuses` or `initContainerStatuses`."""

    name: Required[str]
    ready: bool
    restartCount: int
    containerID: str
    image: str
    state: ContainerState
    lastState: ContainerState


class Container(TypedDict, total=False):
    """An entry of `spec.containers` or `initContainers`."""

    name: Required[str]
    image: str
    imagePullPolicy: str
    command: Sequence[str]
    args: Sequence[str]
    restartPolicy: str
    env: Sequence[Fields]
    resources: Fields


class PodSpec(TypedDict, total=False):
    """`spec` of a pod."""

    nodeName: str
    nodeSelector: dict[str, str]
    priorityClassName: str
    runtimeClassName: str
    serviceAccountName: str
    containers: Sequence[Container]
    initContainers: Sequence[Container]
    ephemeralContainers: Sequence[Container]
    volumes: Sequence[Fields]


class PodTemplate(TypedDict):
    """What a workload makes its pods of."""

    metadata: Fields
    spec: PodSpec


class PodStatus(TypedDict, total=False):
    """`status` of a pod."""

    phase: str
    reason: str
    message: str
    conditions: Sequence[Condition]
    containerStatuses: Sequence[ContainerStatus]
    initContainerStatuses: Sequence[ContainerStatus]


class Pod(Object, total=False):
    """A pod."""

    spec: ReadOnly[PodSpec]
    status: ReadOnly[PodStatus]


class Event(Object, total=False):
    """A core/v1 event; `count`, `lastTimestamp` and `series` depend on who reported it."""

    involvedObject: Fields
    reason: str
    message: str
    lastTimestamp: str
    eventTime: str
    series: Fields


class Resource(TypedDict):
    """A collection that an API version serves, as discovery lists it; `name` is the plural."""

    name: str
    kind: str
    namespaced: bool


class ServerVersion(TypedDict):
    """The answer of `/version`."""

    major: str
    minor: str
    gitVersion: str


class WatchEvent(TypedDict):
    """One answer of a watch.

    `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; `object` is an `Object`, for
    ERROR a `Status` with a code.
    """

    type: str
    object: Any


def is_pod(obj: Object) -> TypeGuard[Pod]:
    """Whether the object is a pod."""
    return obj["kind"] == "Pod"


def is_event(obj: Object) -> TypeGuard[Event]:
    """Whether the object is an event of core/v1."""
    return obj["kind"] == "Event"


def reference(obj: Object) -> Reference:
    """`Kind/name` of an object."""
    return refer(obj["kind"], obj["metadata"]["name"])


def references(objects: Iterable[Object]) -> frozenset[Reference]:
    """`Kind/name` of each object."""
    return frozenset(map(reference, objects))


def refer(kind: str, name: str) -> Reference:
    """`Kind/name` of an object that need not exist."""
    return Reference(f"{kind}/{name}")
