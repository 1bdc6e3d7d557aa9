"""Pods whose sandbox, with its network, cannot be created."""

from collections.abc import Iterator

from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.states import sandbox_made

_FAILED = ("FailedCreatePodSandBox", "NetworkNotReady")
_MADE = ("Pulling", "Pulled", "Created", "Started")
"""Events of a pod without a sandbox, and those that follow once it has one."""


def sandbox(facts: Facts, pod: Object) -> Iterator[Cause]:
    """The cause of a pod whose sandbox, with its network, cannot be created."""
    last = facts.events(pod, *_FAILED, *_MADE)[-1:]
    if not last or last[0].get("reason") not in _FAILED or sandbox_made(pod):
        return
    yield Cause(
        code=Code.ContainerCannotStart,
        object=reference(pod),
        message="the pod's sandbox cannot be created: its network or runtime fails",
        evidence=(f"kubelet: {message_of(last[0])}",),
        remedy="See the network plugin and the container runtime of its node: "
        "kubectl -n kube-system get pods",
    )
