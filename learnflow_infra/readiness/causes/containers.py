"""Containers that do not start, end again and again, or fail their probes."""

from collections.abc import Iterator
from dataclasses import dataclass

from learnflow_infra.fields import at, count, items, text
from learnflow_infra.masking import masked
from learnflow_infra.objects import Container, ContainerStatus, Object, Terminated, reference
from learnflow_infra.readiness.causes.absent_config import absent_config
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.causes.image_pulls import waits_for_image
from learnflow_infra.readiness.causes.probes import failed_probe, killed_by_probe, outlived_crash
from learnflow_infra.readiness.causes.sandboxes import sandbox
from learnflow_infra.readiness.states import STARTING, ended, owner_uids, waiting

_HOOKS = {
    "PostStartHookError": "postStart hook",
    "PreStartHookError": "preStart hook",
    "PreCreateHookError": "preCreate hook",
}
_CANNOT_START = {
    "CreateContainerError",
    "RunContainerError",
    "StartError",
    "ContainerCannotRun",
    *_HOOKS,
}
"""Reasons of a container that waits or ended. Source: kubelet, and runc's errors in it."""
_REBOOT = {"Unknown", "ContainerStatusUnknown"}
"""Reasons of a container that ended with its node, and not by itself."""
_MEMORY = ("resources", "limits", "memory")
_KILLS = ("Killing", "Unhealthy", "FailedPostStartHook")
"""Events of a pod with a container that the kubelet ends."""
_SIGKILL = 137
_SIGNALS = {_SIGKILL: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV", 134: "SIGABRT"}
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

    @property
    def memory_limit(self) -> str:
        """Its own limit, or that of the whole pod; "" for none."""
        limit = at(self.spec, *_MEMORY) or at(self.pod, "spec", *_MEMORY)
        return str(limit or "")

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
        if at(pod, "status", "phase") == "Failed" and owner_uids(pod):
            continue  # its owner replaces it, or has a cause itself
        init, others = (
            [_Container(facts=facts, pod=pod, status=item) for item in items(pod, "status", key)]
            for key in ("initContainerStatuses", "containerStatuses")
        )
        yield from sandbox(facts, pod)
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
    reason = text(waiting(status), "reason")
    if reason == "CreateContainerConfigError":
        message = text(waiting(status), "message")
        yield absent_config(container.facts, container.pod, message, status)
    elif _is_refused(reason) or ended(status).get("reason") in _CANNOT_START:
        yield _cannot_start(container)
    elif not status.get("ready"):
        yield from _unready(container)


def _is_refused(reason: str) -> bool:
    """Whether the runtime gives a reason why a waiting container cannot start, known or not."""
    usual = reason in {"", "CrashLoopBackOff", "Completed", *STARTING}
    return reason in _CANNOT_START or not (usual or waits_for_image(reason))


def _unready(container: _Container) -> Iterator[Cause]:
    """The cause of a container that was started: out of memory, crashed, or failing its probe."""
    place = container.facts, container.pod, container.status
    outlived, probe = outlived_crash(*place), failed_probe(*place)
    killed = probe and killed_by_probe(*place, probe[0])
    if _lacked_memory(container) and not outlived:
        yield _out_of_memory(container)
    elif _crashes(container.status) and not outlived and not killed:
        yield _crashed(container)
    elif probe:
        yield _failing_probe(container, *probe)


def _crashes(item: ContainerStatus) -> bool:
    """Whether the container crashed, and may crash again."""
    end = ended(item)
    if waiting(item).get("reason") == "CrashLoopBackOff":
        return True
    now = at(item, "state", "terminated")
    crashed = bool(end) and end.get("reason") not in _REBOOT
    again = count(item, "restartCount") > 0
    failed = end.get("exitCode") or end.get("reason") == "Error"
    return crashed and (again or bool(now and failed))


def _lacked_memory(container: _Container) -> bool:
    """Whether the kernel ended it for its memory.

    The runtime may learn of that too late for the reason OOMKilled. SIGKILL then tells it,
    where a limit is set, and the kubelet did not send it, which it says in an event.
    """
    end, facts = ended(container.status), container.facts
    if end.get("reason") == "OOMKilled":
        return True
    killed = end.get("exitCode") == _SIGKILL and end.get("reason") == "Error"
    events = map(message_of, facts.events(container.pod, *_KILLS))
    by_kubelet = any(not message.startswith("Readiness") for message in events)
    return bool(killed and container.memory_limit and not by_kubelet)


def _out_of_memory(container: _Container) -> Cause:
    limit = container.memory_limit
    return container.cause(
        Code.ContainerOutOfMemory,
        message=f"the container needs more memory than its limit{f' of {limit}' if limit else ''}",
        remedy="Raise its resources.limits.memory in your values.",
    )


def _crashed(container: _Container) -> Cause:
    end = ended(container.status)
    hook = container.facts.newest(container.pod, "FailedPostStartHook")
    if hook:
        return _cannot_start(container, "PostStartHookError", hook)
    restarts = count(container.status, "restartCount")
    times = f", restarted {restarts} times" if restarts > 1 else ""
    message = text(end, "message").strip()
    return container.cause(
        Code.ContainerCrashed,
        message=f"the container ends{_exit_code(end)}{times}",
        remedy="Correct what its log reports; then deploy again.",
        evidence=(f"termination message: {masked(message)}",) if message else (),
    )


def _exit_code(end: Terminated) -> str:
    code = end.get("exitCode")
    if code is None:
        return " again and again"
    return f" with exit code {code}" + (f" ({_SIGNALS[code]})" if code in _SIGNALS else "")


def _failing_probe(container: _Container, kind: str, output: str) -> Cause:
    fails = f"{kind.lower()} probe fails" + (f": {output}" if output else "")
    return container.cause(
        Code.ProbeFailing,
        message=f"the container runs, but its {fails}",
        remedy="See its log; correct what it needs, or the probe, in your values.",
    )


def _cannot_start(container: _Container, reason: str = "", message: str = "") -> Cause:
    status = container.status
    reason = reason or text(waiting(status), "reason")
    message = message or text(waiting(status), "message") or text(ended(status), "message")
    hook = _HOOKS.get(reason)
    return container.cause(
        Code.ContainerCannotStart,
        message=f"the container's {hook} fails" if hook else "the container cannot be started",
        remedy=f"Correct its {hook or 'command, user or mounts'} in your values.",
        evidence=(f"kubelet: {masked(' '.join(message.split()))}",) if message else (),
    )
