"""Containers that do not start, end again and again, or fail their probes."""

from collections.abc import Iterator

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


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each container that is not ready; a cause of an init container hides others."""
    for pod, _ in facts.unready("Pod"):
        if at(pod, "status", "phase") == "Failed":
            continue  # its owner replaces it, or has a cause itself
        first = items(pod, "status", "initContainerStatuses")
        init = [cause for item in first for cause in _init(facts, pod, item)]
        yield from init
        if not init:
            for item in items(pod, "status", "containerStatuses"):
                yield from _of_container(facts, pod, item)


def _init(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    causes = list(_of_container(facts, pod, item))
    yield from causes
    if not causes and at(item, "state", "running") and not _sidecar(pod, item):
        yield _cause(
            Code.InitContainerStuck,
            facts,
            pod,
            item,
            message="the init container runs and does not end",
            remedy="See in its log what it waits for.",
        )


def _sidecar(pod: Object, item: ContainerStatus) -> bool:
    """Whether it is a sidecar: an init container with `restartPolicy: Always`."""
    return _spec(pod, item).get("restartPolicy") == "Always"


def _of_container(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    reason = waiting(item).get("reason", "")
    if reason == "CreateContainerConfigError":
        yield absent_config(facts, pod, text(waiting(item), "message"), item)
    elif reason in _CANNOT_START or ended(item).get("reason") in _CANNOT_START:
        yield _cannot_start(facts, pod, item)
    elif not item.get("ready"):
        yield from _unready(facts, pod, item)


def _unready(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    """The cause of a container that was started: out of memory, crashed, or failing its probe."""
    outlived = outlived_crash(facts, pod, item)
    probe = failed_probe(facts, pod, item)
    if ended(item).get("reason") == "OOMKilled" and not outlived:
        yield _out_of_memory(facts, pod, item)
    elif (
        _crashes(item)
        and not outlived
        and not (probe and killed_by_probe(facts, pod, item, probe[0]))
    ):
        yield _crashed(facts, pod, item)
    elif probe:
        yield _failing_probe(facts, pod, item, *probe)


def _crashes(item: ContainerStatus) -> bool:
    """Whether the container crashed, and may crash again."""
    end = ended(item)
    again = count(item, "restartCount") > 0 or waiting(item).get("reason") == "CrashLoopBackOff"
    now = at(item, "state", "terminated")
    crashed = bool(end) and end.get("reason") != "Unknown"  # "Unknown" after a node's restart
    return crashed and (again or (bool(now) and (end.get("exitCode") or 0) != 0))


def _out_of_memory(facts: Facts, pod: Object, item: ContainerStatus) -> Cause:
    limit = at(_spec(pod, item), "resources", "limits", "memory")
    return _cause(
        Code.ContainerOutOfMemory,
        facts,
        pod,
        item,
        message=f"the container needs more memory than its limit{f' of {limit}' if limit else ''}",
        remedy="Raise its resources.limits.memory in your values.",
    )


def _crashed(facts: Facts, pod: Object, item: ContainerStatus) -> Cause:
    end = ended(item)
    restarts = count(item, "restartCount")
    times = f", restarted {restarts} times" if restarts > 1 else ""
    message = text(end, "message").strip()
    return _cause(
        Code.ContainerCrashed,
        facts,
        pod,
        item,
        message=f"the container ends with exit code {_exit_code(end)}{times}",
        remedy="Correct what its log reports; then deploy again.",
        evidence=(f"termination message: {masked(message)}",) if message else (),
    )


def _exit_code(end: Terminated) -> str:
    code = end.get("exitCode")
    return f"{code} ({_SIGNALS[code]})" if code in _SIGNALS else f"{code}"


def _failing_probe(
    facts: Facts, pod: Object, item: ContainerStatus, kind: str, output: str
) -> Cause:
    fails = f"{kind.lower()} probe fails" + (f": {output}" if output else "")
    return _cause(
        Code.ProbeFailing,
        facts,
        pod,
        item,
        message=f"the container runs, but its {fails}",
        remedy="See its log; correct what it needs, or the probe, in your values.",
    )


def _cannot_start(facts: Facts, pod: Object, item: ContainerStatus) -> Cause:
    message = text(waiting(item), "message") or text(ended(item), "message")
    return _cause(
        Code.ContainerCannotStart,
        facts,
        pod,
        item,
        message="the container's command cannot be started",
        remedy="Correct its command, user or mounts in your values.",
        evidence=(f"kubelet: {masked(' '.join(message.split()))}",) if message else (),
    )


def _spec(pod: Object, item: ContainerStatus) -> Container:
    """The container in the pod's spec."""
    specs = [*items(pod, "spec", "initContainers"), *items(pod, "spec", "containers")]
    return next((spec for spec in specs if spec.get("name") == item["name"]), Container(name=""))


def _cause(
    code: Code,
    facts: Facts,
    pod: Object,
    item: ContainerStatus,
    *,
    message: str,
    remedy: str,
    evidence: tuple[str, ...] = (),
) -> Cause:
    return Cause(
        code=code,
        object=reference(pod),
        container=item["name"],
        message=message,
        evidence=(*evidence, *facts.log(pod, item["name"])),
        remedy=remedy,
    )
