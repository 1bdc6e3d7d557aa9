"""Pure: what is not ready, with the evidence for why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from learnflow_infra.models import Document
from learnflow_infra.readiness.status import Status, compute, evaluate


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One object that is not ready, and the evidence; empty texts are left out."""

    object: str
    reason: str
    container: str = ""
    event: str = ""
    log: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The cause for people, evidence indented."""
        where = f"{self.object} container {self.container}" if self.container else self.object
        evidence = [f"  last event: {self.event}"] if self.event else []
        return [f"{where}: {self.reason}", *evidence, *(f"  log: {line}" for line in self.log)]


def reference(obj: Document) -> str:
    """`Kind/name`, as kubectl writes it."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def explain(objects: Sequence[Document], events: Sequence[Document]) -> list[Cause]:
    """A cause for each object that is not ready; pods first, where the evidence is.

    Objects of other kinds whose pods tell more are kept: a StatefulSet that may not make
    its pods (quota, admission) says so only in its own event.
    """
    unready = [(obj, status) for obj, status in evaluate(objects) if not status.ready]
    found = []
    for obj, status in sorted(unready, key=_pods_first):
        event = last_event(obj, events)
        if obj["kind"] == "Pod":
            found.extend(_pod_causes(obj, event))
        else:
            found.append(Cause(object=reference(obj), reason=status.message, event=event))
    return found


def _pods_first(item: tuple[Document, Status]) -> tuple[bool, str]:
    obj, _ = item
    return obj["kind"] != "Pod", obj["metadata"]["name"]


def last_event(obj: Document, events: Iterable[Document]) -> str:
    """The newest warning about an object, else its newest event."""
    uid, name = obj["metadata"].get("uid"), obj["metadata"]["name"]

    def about(event: Document) -> bool:
        involved = event["involvedObject"]
        same_uid = uid is None or involved.get("uid", uid) == uid
        return involved.get("kind") == obj["kind"] and involved.get("name") == name and same_uid

    ranked = sorted(filter(about, events), key=lambda e: (e.get("type") == "Warning", _when(e)))
    if not ranked:
        return ""
    return f"{ranked[-1].get('reason')}: {ranked[-1].get('message')}"


def _when(event: Document) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((time for time in times if time), ""))


def _pod_causes(pod: Document, event: str) -> list[Cause]:
    status = pod.get("status", {})
    items = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    troubled = [item for item in items if container_trouble(item)]
    if not troubled:
        return [Cause(object=reference(pod), reason=compute(pod).message, event=event)]
    return [
        Cause(
            object=reference(pod),
            container=item["name"],
            reason=container_trouble(item),
            event=event,
        )
        for item in troubled
    ]


def container_trouble(item: Document) -> str:
    """Why a container is not ready; empty when it is, or has ended well."""
    state = item.get("state", {})
    ended = item.get("lastState", {}).get("terminated") or state.get("terminated")
    exit_text = f"{ended.get('reason', 'ended')}, exit code {ended['exitCode']}" if ended else ""
    if "waiting" in state:
        waiting = state["waiting"]
        parts = (waiting.get("reason", "waiting"), exit_text or waiting.get("message", ""))
        return ": ".join(part for part in parts if part)
    if "terminated" in state:
        return "" if state["terminated"]["exitCode"] == 0 else exit_text
    return "" if item.get("ready") else "running, not ready (its probe does not answer yet)"
