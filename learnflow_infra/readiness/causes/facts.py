"""The evidence, indexed by object for the rules of the topics."""

from collections import defaultdict
from collections.abc import Iterator

from learnflow_infra.masking.texts import masked
from learnflow_infra.objects import Event, Object
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.states import Status
from learnflow_infra.readiness.stuck import soon_replaced

LINES = 4
"""How many lines of a log are shown with a cause."""


class Facts:
    """The evidence, with its events by object."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._past = soon_replaced(obj for obj, _ in evidence.states)
        self._events: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in evidence.events:
            involved = event.get("involvedObject") or {}
            self._events[involved.get("kind", ""), involved.get("name", "")].append(event)
        for events in self._events.values():
            events.sort(key=_time)

    def unready(self, *kinds: str) -> Iterator[tuple[Object, Status]]:
        """The objects that are not ready, except those of the past: of these kinds, or of all."""
        for obj, status in self.evidence.states:
            counts = not status.ready and obj["metadata"].get("uid") not in self._past
            if counts and (not kinds or obj["kind"] in kinds):
                yield obj, status

    def objects(self, kind: str) -> list[Object]:
        """The release's objects of a kind."""
        return [obj for obj, _ in self.evidence.states if obj["kind"] == kind]

    def terminating(self) -> Iterator[Object]:
        """The objects that are being deleted."""
        for obj, status in self.evidence.states:
            if status.state == "Terminating":
                yield obj

    def surroundings(self, kind: str) -> list[Object]:
        """The objects of a kind in the surroundings."""
        return [obj for obj in self.evidence.surroundings if obj.get("kind") == kind]

    def events(self, obj: Object, *reasons: str) -> list[Event]:
        """The events of an object, oldest first; not those of an earlier object of its name."""
        uid = obj["metadata"].get("uid")
        events = self._events.get((obj["kind"], obj["metadata"]["name"]), [])
        return [
            event
            for event in events
            if (event.get("involvedObject") or {}).get("uid") in {None, "", uid}
            and (not reasons or event.get("reason") in reasons)
        ]

    def newest(self, obj: Object, *reasons: str) -> str:
        """The message of the newest event, or ""."""
        events = self.events(obj, *reasons)
        return message_of(events[-1]) if events else ""

    def warning(self, obj: Object) -> tuple[str, ...]:
        """The newest event of an object, if it is a warning, as evidence."""
        last = [e for e in self.events(obj)[-1:] if e.get("type", "Warning") != "Normal"]
        return tuple(f"event: {message_of(event)}" for event in last)

    def log(self, pod: Object, container: str) -> tuple[str, ...]:
        """The last lines of a container, as evidence."""
        lines = self.evidence.logs.get((pod["metadata"]["name"], container), ())
        text = masked("\n".join(lines))  # before it is split: a private key has several lines
        shown = [line for line in text.splitlines() if line.strip() and not line[0].isspace()]
        return tuple(f"log: {line}" for line in shown[-LINES:])  # without stack traces


def message_of(event: Event) -> str:
    """An event's message on one line."""
    return " ".join(str(event.get("message") or "").split())


def _time(event: Event) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((time for time in times if time), ""))
