"""The state of a run that the live view draws: running steps, and their objects as a tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from learnflow_infra.cli.show.words import SETTLED
from learnflow_infra.events import (
    CauseGone,
    CauseSeen,
    Event,
    Message,
    ObjectGone,
    ObjectSeen,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)

READY = "Current"


@dataclass(kw_only=True)
class Work:
    """A running step; `begun` and the times of objects are in seconds since 1970."""

    title: str
    begun: float
    progress: StepProgress | None = None
    objects: dict[str, ObjectSeen] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    causes: dict[str, tuple[CauseSeen, float]] = field(default_factory=dict)

    def age(self, name: str, now: float) -> float:
        """Seconds since an object was created, or since its first event if that is unknown."""
        return max(0.0, now - (self.objects[name].created or self.since[name]))

    def cause(self, name: str, now: float) -> CauseSeen | None:
        """Why an object is not ready, once the cause has lasted or if it cannot heal."""
        if name not in self.causes:
            return None
        cause, since = self.causes[name]
        return cause if now - since >= SETTLED or cause.grace <= 0 else None

    def outside(self, now: float) -> list[CauseSeen]:
        """The causes of objects outside the release, such as a node."""
        names = [name for name in self.causes if name not in self.objects]
        return [cause for name in names if (cause := self.cause(name, now))]

    def tree(self) -> Iterator[tuple[int, ObjectSeen]]:
        """Depth and object, each object once and owners before what they own."""
        owned: dict[str, list[str]] = {}
        for name, obj in self.objects.items():
            owned.setdefault(obj.owner if obj.owner in self.objects else "", []).append(name)
        left = dict.fromkeys(self.objects)
        tops = [*owned.get("", ()), *self.objects]  # the second part: objects that own each other
        stack = [(0, name) for name in reversed(tops)]
        while stack:
            depth, name = stack.pop()
            if name in left:
                del left[name]
                yield depth, self.objects[name]
                stack += [(depth + 1, child) for child in reversed(owned.get(name, ()))]


class Model:
    """The running steps by id, in the order in which they started."""

    def __init__(self) -> None:
        self.steps: dict[str, Work] = {}

    def apply(self, event: Event, now: float) -> Work | None:
        """Apply an event; returns the step that it ended, if any."""
        match event:
            case Message():
                return None
            case StepFinished() | StepFailed():
                return self.steps.pop(event.step, None) or Work(title=event.step, begun=now)
            case StepStarted():
                self.steps[event.step] = Work(title=event.title, begun=now)
            case _:
                work = self.steps.setdefault(event.step, Work(title=event.step, begun=now))
                _apply(work, event, now)
        return None


def _apply(
    work: Work, event: StepProgress | ObjectSeen | ObjectGone | CauseSeen | CauseGone, now: float
) -> None:
    """A cause stays until it or its object is gone, the object is ready, or another replaces it."""
    match event:
        case StepProgress():
            work.progress = event
        case ObjectSeen():
            work.objects[event.object] = event
            work.since.setdefault(event.object, now)
            if event.state == READY:
                work.causes.pop(event.object, None)
        case ObjectGone():
            for mapping in (work.objects, work.since, work.causes):
                mapping.pop(event.object, None)
        case CauseGone():
            if event.object in work.causes and work.causes[event.object][0].code == event.code:
                del work.causes[event.object]
        case CauseSeen():
            previous = work.causes.get(event.object)
            since = previous[1] if previous and previous[0].code == event.code else now
            work.causes[event.object] = (event, since)
