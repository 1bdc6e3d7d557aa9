"""The statuses of Kubernetes objects, and what their owners and pods tell."""

from dataclasses import dataclass
from typing import Literal

from learnflow_infra.conditions import holds
from learnflow_infra.fields import at, count, items, text
from learnflow_infra.objects import ContainerStatus, Object, Terminated, Waiting

State = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A state and, for people, the reason."""

    state: State
    message: str

    @property
    def ready(self) -> bool:
        """The object is as its spec asks."""
        return self.state == "Current"


def current(message: str) -> Status:
    """The object is as its spec asks."""
    return Status(state="Current", message=message)


def progress(message: str) -> Status:
    """A controller reconciles it, or will."""
    return Status(state="InProgress", message=message)


def failed(message: str) -> Status:
    """It does not become ready without a change."""
    return Status(state="Failed", message=message)


def terminating(message: str) -> Status:
    """It is being deleted."""
    return Status(state="Terminating", message=message)


def unknown(message: str) -> Status:
    """Its state cannot be determined: its node does not answer, or the object is malformed."""
    return Status(state="Unknown", message=message)


def owner_uids(obj: Object) -> set[str]:
    """The uids of an object's owners."""
    return {text(owner, "uid") for owner in items(obj, "metadata", "ownerReferences")}


def claim_names(pod: Object) -> set[str]:
    """The names of the claims that a pod mounts."""
    volumes = items(pod, "spec", "volumes")
    return {text(volume, "persistentVolumeClaim", "claimName") for volume in volumes} - {""}


def is_available(deployment: Object) -> bool:
    """Whether a Deployment has a pod that is available."""
    return bool(at(deployment, "status", "availableReplicas"))


def is_deleted(obj: Object) -> bool:
    """Whether the object is being deleted: it is gone once its finalizers are."""
    return bool(text(obj, "metadata", "deletionTimestamp"))


def ends(pod: Object) -> bool:
    """Whether the pod has ended, or is being deleted: a release is ready without it."""
    return is_deleted(pod) or has_ended(pod)


def has_ended(pod: Object) -> bool:
    """Whether all containers of the pod have ended, and none is started again."""
    return text(pod, "status", "phase") in {"Succeeded", "Failed"}


def unobserved(obj: Object) -> bool:
    """Whether the object's controller has not observed its newest spec yet."""
    generation = count(obj, "metadata", "generation")
    observed = at(obj, "status", "observedGeneration")
    if isinstance(observed, str) and observed.isdecimal():  # as Argo Rollouts writes it
        observed = int(observed)
    return isinstance(observed, int) and observed < generation


def containers(pod: Object) -> list[ContainerStatus]:
    """The statuses of all containers of a pod; those of init containers first."""
    return [
        *items(pod, "status", "initContainerStatuses"),
        *items(pod, "status", "containerStatuses"),
    ]


def sandbox_made(pod: Object) -> bool:
    """Whether the pod has a sandbox, in which its containers are created."""
    started = any(item.get("containerID") or item.get("restartCount") for item in containers(pod))
    return started or holds(pod, "PodReadyToStartContainers")


STARTING = ("ContainerCreating", "PodInitializing")
"""Reasons for which containers of any starting pod wait."""


def waiting(item: ContainerStatus) -> Waiting:
    """The container's `state.waiting`; empty if it does not wait."""
    return (item.get("state") or {}).get("waiting") or {}


def ended(item: ContainerStatus) -> Terminated:
    """The last end of a container; empty if it has never ended."""
    now = (item.get("state") or {}).get("terminated")
    return now or (item.get("lastState") or {}).get("terminated") or {}
