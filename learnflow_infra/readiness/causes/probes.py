"""Failed probes of containers, by the kubelet's events."""

import re

from learnflow_infra.fields import text
from learnflow_infra.masking import masked
from learnflow_infra.objects import ContainerStatus, Object
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.states import ended
from learnflow_infra.timestamps import seconds_of

RESET = 600.0
"""Seconds a container has to run until the kubelet resets the back-off of its restarts."""
_PROBE = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: ?(.*)", re.DOTALL)
_SIGNALLED = {137, 143}
"""Exit codes of SIGKILL and SIGTERM, by which the kubelet ends a container."""


def failed_probe(facts: Facts, pod: Object, item: ContainerStatus) -> tuple[str, str] | None:
    """The kind of the container's probe that failed last, and its output."""
    for event in reversed(facts.events(pod, "Unhealthy")):
        path = (event.get("involvedObject") or {}).get("fieldPath", "")
        match = _PROBE.search(message_of(event))
        if match and (not path or f"{{{item['name']}}}" in path):
            return match[1], masked(match[2].strip())
    return None


def killed_by_probe(facts: Facts, pod: Object, item: ContainerStatus, kind: str) -> bool:
    """Whether the kubelet ended the container because a probe of this kind failed."""
    if kind not in {"Liveness", "Startup"}:
        return False
    part = f"ontainer {item['name']} failed"
    messages = map(message_of, facts.events(pod, "Killing"))
    signalled = ended(item).get("exitCode") in _SIGNALLED
    return signalled or any(part in line and "will be restarted" in line for line in messages)


def outlived_crash(facts: Facts, pod: Object, item: ContainerStatus) -> bool:
    """Whether a probe fails in a container that has run for longer than the back-off's reset."""
    began = seconds_of(text(item, "state", "running", "startedAt"))
    failed = [seconds_of(text(event, "lastTimestamp")) for event in facts.events(pod, "Unhealthy")]
    return bool(began) and any(moment - began > RESET for moment in failed)
