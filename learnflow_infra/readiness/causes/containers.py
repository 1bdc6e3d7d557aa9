"""Containers that do not start, do not stay, or do not answer."""

import re
from collections.abc import Iterator

from learnflow_infra.masking import masked
from learnflow_infra.objects import Container, ContainerStatus, Object, Terminated
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import (
    Facts,
    containers,
    ended,
    name_of,
    status_of,
    text_of,
    waiting,
)
from learnflow_infra.readiness.states import text
from learnflow_infra.timestamps import seconds_of

FORGOTTEN = 600.0
"""Seconds after which the kubelet takes a container for one that stays: its back-off's reset."""
_CANNOT = {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}
_PROBE = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: ?(.*)", re.DOTALL)
_MISSING = re.compile(
    r"(secret|configmap) \"([^\"]+)\" not found|key ([^\s]+) in (Secret|ConfigMap) ([^\s]+)"
    r"|volume \"([^\"]+)\" : references non-existent (secret|config) key: ([^\s]+)",
    re.IGNORECASE,
)
_KINDS = {
    "secret": (Code.MissingSecret, "Secret"),
    "configmap": (Code.MissingConfigMap, "ConfigMap"),
    "config": (Code.MissingConfigMap, "ConfigMap"),
}


def find(facts: Facts) -> Iterator[Cause]:
    """A cause for each container in trouble; an init container keeps the others waiting."""
    for pod, _ in facts.unready("Pod"):
        if status_of(pod).get("phase") == "Failed":
            continue  # its owner makes another, or says that it gave up
        first = [found for item in containers(pod, init=True) for found in _init(facts, pod, item)]
        yield from first
        if not first:
            for item in containers(pod, init=False):
                yield from _of(facts, pod, item)


def _init(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    trouble = list(_of(facts, pod, item))
    yield from trouble
    if not trouble and (item.get("state") or {}).get("running") and not _sidecar(pod, item):
        yield _cause(
            Code.InitContainerStuck,
            facts,
            pod,
            item,
            message="the init container runs and does not end",
            remedy="See what it waits for in its log.",
        )


def _sidecar(pod: Object, item: ContainerStatus) -> bool:
    """An init container that is meant to go on running beside the others."""
    return _spec(pod, item).get("restartPolicy") == "Always"


def _of(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    reason = waiting(item).get("reason", "")
    if reason == "CreateContainerConfigError":
        yield missing(facts, pod, str(waiting(item).get("message") or ""), item)
    elif reason in _CANNOT or ended(item).get("reason") in _CANNOT:
        yield _cannot_start(facts, pod, item)
    elif not item.get("ready") and _out_of_memory(item) and not _stays(facts, pod, item):
        yield _cause(
            Code.ContainerOutOfMemory,
            facts,
            pod,
            item,
            message=f"the container needs more memory than its limit{_limit(pod, item)}",
            remedy="Raise resources.limits.memory of it in your values.",
        )
    elif not item.get("ready"):
        yield from _crashed_or_deaf(facts, pod, item)


def _crashed_or_deaf(facts: Facts, pod: Object, item: ContainerStatus) -> Iterator[Cause]:
    probe = _failed_probe(facts, pod, item)
    killed = probe is not None and probe[0] in {"Liveness", "Startup"} and _killed(facts, pod, item)
    if _crashes(item) and not killed and not _stays(facts, pod, item):
        yield _crashed(facts, pod, item)
    elif probe:
        kind, answer = probe
        told = f"{kind.lower()} probe fails" + (f": {answer}" if answer else "")
        yield _cause(
            Code.ProbeFailing,
            facts,
            pod,
            item,
            message=f"the container runs, but its {told}",
            remedy="See its log; correct what it needs, or the probe, in your values.",
        )


def _stays(facts: Facts, pod: Object, item: ContainerStatus) -> bool:
    """Its probe fails though it runs for longer than the kubelet remembers a crash."""
    began = seconds_of(text(item, "state", "running", "startedAt"))
    failed = [seconds_of(text(event, "lastTimestamp")) for event in facts.events(pod, "Unhealthy")]
    return bool(began) and any(moment - began > FORGOTTEN for moment in failed)


def _killed(facts: Facts, pod: Object, item: ContainerStatus) -> bool:
    """The kubelet ended it for its probe: it says so, or a signal ended it."""
    said = map(text_of, facts.events(pod, "Killing"))
    names = f"ontainer {item['name']} failed"
    signalled = ended(item).get("exitCode") in {137, 143}
    return signalled or any(names in words and "will be restarted" in words for words in said)


def _crashes(item: ContainerStatus) -> bool:
    end = ended(item)
    again = (item.get("restartCount") or 0) > 0 or waiting(item).get("reason") == "CrashLoopBackOff"
    now = (item.get("state") or {}).get("terminated")
    crashed = bool(end) and end.get("reason") != "Unknown"  # of a node that was started again
    return crashed and (again or (bool(now) and (end.get("exitCode") or 0) != 0))


def _crashed(facts: Facts, pod: Object, item: ContainerStatus) -> Cause:
    end = ended(item)
    count = item.get("restartCount") or 0
    times = f", restarted {count} times" if count > 1 else ""
    own = str(end.get("message") or "").strip()
    evidence = (f"it said: {masked(own)}",) if own else ()
    return _cause(
        Code.ContainerCrashed,
        facts,
        pod,
        item,
        message=f"the container ends with exit code {end.get('exitCode')}{_signal(end)}{times}",
        remedy="Correct what its log tells; then deploy again.",
        evidence=evidence,
    )


def _signal(end: Terminated) -> str:
    code = end.get("exitCode") or 0
    names = {137: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV", 134: "SIGABRT"}
    return f" ({names[code]})" if code in names else ""


def _out_of_memory(item: ContainerStatus) -> bool:
    return ended(item).get("reason") == "OOMKilled"


def _limit(pod: Object, item: ContainerStatus) -> str:
    limit = ((_spec(pod, item).get("resources") or {}).get("limits") or {}).get("memory")
    return f" of {limit}" if limit else ""


def _spec(pod: Object, item: ContainerStatus) -> Container:
    """What is asked of a container, by its status."""
    spec = pod.get("spec") or {}
    everything: list[Container] = [
        *(spec.get("initContainers") or ()),
        *(spec.get("containers") or ()),
    ]
    return next((c for c in everything if c.get("name") == item["name"]), Container(name=""))


def _cannot_start(facts: Facts, pod: Object, item: ContainerStatus) -> Cause:
    said = str(waiting(item).get("message") or ended(item).get("message") or "")
    return _cause(
        Code.ContainerCannotStart,
        facts,
        pod,
        item,
        message="the container's command cannot be started",
        remedy="Correct the command, the user or the mounts of it in your values.",
        evidence=(f"kubelet: {masked(' '.join(said.split()))}",) if said else (),
    )


def _failed_probe(facts: Facts, pod: Object, item: ContainerStatus) -> tuple[str, str] | None:
    """Which probe of a container failed last, and what it answered."""
    for event in reversed(facts.events(pod, "Unhealthy")):
        path = (event.get("involvedObject") or {}).get("fieldPath", "")
        found = _PROBE.search(text_of(event))
        if found and (not path or f"{{{item['name']}}}" in path):
            return found[1], masked(found[2].strip())
    return None


def missing(facts: Facts, pod: Object, said: str, item: ContainerStatus | None = None) -> Cause:
    """The cause for a Secret or ConfigMap, or a key of one, that a pod names and is not there."""
    found = _MISSING.search(said)
    container = item["name"] if item else ""
    if not found:
        code, text = Code.ContainerCannotStart, "the container's settings are wrong"
        remedy = "Correct the settings of it in your values."
    else:
        code, kind = _KINDS[(found[1] or found[4] or found[7]).lower()]
        name = found[2] or (found[5] or "").rpartition("/")[2] or f"of the volume {found[6]}"
        key = f"the key {found[3] or found[8]} of " if found[3] or found[8] else ""
        text = f"{key}the {kind} {name} does not exist"
        remedy = f"Make it: kubectl -n {facts.evidence.namespace} create {kind.lower()} …"
    evidence = (f"kubelet: {masked(' '.join(said.split()))}",)
    return Cause(
        code=code,
        object=name_of(pod),
        container=container,
        message=text,
        evidence=evidence,
        remedy=remedy,
    )


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
        object=name_of(pod),
        container=item["name"],
        message=message,
        evidence=(*evidence, *facts.log(pod, item["name"])),
        remedy=remedy,
    )
