"""Containers that do not start, end again and again, or fail their probes."""

from collections.abc import Iterator
from dataclasses import dataclass

from learnflow_infra.masking import masked
from learnflow_infra.objects import Container, ContainerStatus, Object, Terminated, reference
from learnflow_infra.readiness.causes.absent_config import absent_config
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.causes.probes import failed_probe, killed_by_probe, outlived_crash
from learnflow_infra.readiness.states import at, count, ended, items, text, waiting

_CANNOT_START = {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}
"""Reasons of a container that waits or ended. Source: kubelet, and runc's errors in it."""
_SIGNALS = {137: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV", 134: "SIGABRT"}
"""By exit code."""


@dataclass(frozen=True, kw_only=True)
class _Container:
    """A container of an unready pod; `status` is its entry in the pod's status."""

    facts: Facts
    pod: Object
    status: ContainerStatus

    @property
    def spec(self) -> Container:
        """Its entry in the pod's spec."""
        entries = (
            *items(self.pod, "spec", "initContainers"),
            *items(self.pod, "spec", "containers"),
        )
        name = self.status["name"]
        return next((entry for entry in entries if entry.get("name") == name), Container(name=""))

    def cause(
        self, code: Code, *, message: str, remedy: str, evidence: tuple[str, ...] = ()
    ) -> Cause:
        """A cause with the last lines of the container's log."""
        return Cause(
            code=code,
            object=reference(self.pod),
            container=self.status["name"],
            message=message,
            evidence=(*evidence, *self.facts.log(self.pod, self.status["name"])),
            remedy=remedy,
        )


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each container that is not ready; a cause of an init container hides others."""
    for pod, _ in facts.unready("Pod"):
        if at(pod, "status", "phase") == "Failed":
            continue  # its owner replaces it, or has a cause itself
        init, others = (
            [_Container(facts=facts, pod=pod, status=item) for item in items(pod, "status", key)]
            for key in ("initContainerStatuses", "containerStatuses")
        )
        of_init = [cause for container in init for cause in _init(container)]
        yield from of_init or (cause for container in others for cause in _causes(container))


def _init(container: _Container) -> Iterator[Cause]:
    causes = list(_causes(container))
    yield from causes
    sidecar = container.spec.get("restartPolicy") == "Always"
    if not causes and at(container.status, "state", "running") and not sidecar:
        yield container.cause(
            Code.InitContainerStuck,
            message="the init container runs and does not end",
            remedy="See in its log what it waits for.",
        )


def _causes(container: _Container) -> Iterator[Cause]:
    status = container.status
    reason = waiting(status).get("reason", "")
    if reason == "CreateContainerConfigError":
        message = text(waiting(status), "message")
        yield absent_config(container.facts, container.pod, message, status)
    elif reason in _CANNOT_START or ended(status).get("reason") in _CANNOT_START:
        yield _cannot_start(container)
    elif not status.get("ready"):
        yield from _unready(container)


def _unready(container: _Container) -> Iterator[Cause]:
    """The cause of a container that was started: out of memory, crashed, or failing its probe."""
    place = container.facts, container.pod, container.status
    outlived, probe = outlived_crash(*place), failed_probe(*place)
    killed = probe and killed_by_probe(*place, probe[0])
    if ended(container.status).get("reason") == "OOMKilled" and not outlived:
        yield _out_of_memory(container)
    elif _crashes(container.status) and not outlived and not killed:
        yield _crashed(container)
    elif probe:
        yield _failing_probe(container, *probe)


def _crashes(item: ContainerStatus) -> bool:
    """Whether the container crashed, and may crash again."""
    end = ended(item)
    again = count(item, "restartCount") > 0 or waiting(item).get("reason") == "CrashLoopBackOff"
    now = at(item, "state", "terminated")
    crashed = bool(end) and end.get("reason") != "Unknown"  # "Unknown" after a node's restart
    return crashed and (again or (bool(now) and (end.get("exitCode") or 0) != 0))


def _out_of_memory(container: _Container) -> Cause:
    limit = at(container.spec, "resources", "limits", "memory")
    return container.cause(
        Code.ContainerOutOfMemory,
        message=f"the container needs more memory than its limit{f' of {limit}' if limit else ''}",
        remedy="Raise its resources.limits.memory in your values.",
    )


def _crashed(container: _Container) -> Cause:
    end = ended(container.status)
    restarts = count(container.status, "restartCount")
    times = f", restarted {restarts} times" if restarts > 1 else ""
    message = text(end, "message").strip()
    return container.cause(
        Code.ContainerCrashed,
        message=f"the container ends with exit code {_exit_code(end)}{times}",
        remedy="Correct what its log reports; then deploy again.",
        evidence=(f"termination message: {masked(message)}",) if message else (),
    )


def _exit_code(end: Terminated) -> str:
    code = end.get("exitCode")
    return f"{code} ({_SIGNALS[code]})" if code in _SIGNALS else f"{code}"


def _failing_probe(container: _Container, kind: str, output: str) -> Cause:
    fails = f"{kind.lower()} probe fails" + (f": {output}" if output else "")
    return container.cause(
        Code.ProbeFailing,
        message=f"the container runs, but its {fails}",
        remedy="See its log; correct what it needs, or the probe, in your values.",
    )


def _cannot_start(container: _Container) -> Cause:
    status = container.status
    message = text(waiting(status), "message") or text(ended(status), "message")
    return container.cause(
        Code.ContainerCannotStart,
        message="the container's command cannot be started",
        remedy="Correct its command, user or mounts in your values.",
        evidence=(f"kubelet: {masked(' '.join(message.split()))}",) if message else (),
    )
