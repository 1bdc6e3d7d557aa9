"""What a live view knows of a run: the steps under way, and the objects of each as a tree."""

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
    """A step under way; `begun` and the times of objects are in seconds since 1970."""

    title: str
    begun: float
    progress: StepProgress | None = None
    objects: dict[str, ObjectSeen] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    causes: dict[str, tuple[CauseSeen, float]] = field(default_factory=dict)

    def age(self, name: str, now: float) -> float:
        """Seconds that an object exists; that it is seen, where it does not say."""
        return max(0.0, now - (self.objects[name].created or self.since[name]))

    def cause(self, name: str, now: float) -> CauseSeen | None:
        """Why an object is not ready, once that has lasted or when it cannot heal."""
        if name not in self.causes:
            return None
        cause, since = self.causes[name]
        return cause if now - since >= SETTLED or cause.grace <= 0 else None

    def outside(self, now: float) -> list[CauseSeen]:
        """The causes that lie with objects outside of the release, such as a node."""
        names = [name for name in self.causes if name not in self.objects]
        return [cause for name in names if (cause := self.cause(name, now))]

    def tree(self) -> Iterator[tuple[int, ObjectSeen]]:
        """Depth and object, owners before what they own; whatever the owners say, each once."""
        owned: dict[str, list[str]] = {}
        for name, seen in self.objects.items():
            owned.setdefault(seen.owner if seen.owner in self.objects else "", []).append(name)
        left = dict.fromkeys(self.objects)
        tops = [*owned.get("", ()), *self.objects]  # then those that own each other in a circle
        stack = [(0, name) for name in reversed(tops)]
        while stack:
            depth, name = stack.pop()
            if name in left:
                del left[name]
                yield depth, self.objects[name]
                stack += [(depth + 1, child) for child in reversed(owned.get(name, ()))]


class Model:
    """The steps under way by their ids, in the order in which they began."""

    def __init__(self) -> None:
        self.steps: dict[str, Work] = {}

    def take(self, event: Event, now: float) -> Work | None:
        """Learn from an event; the step that it ended, if it ended one."""
        match event:
            case Message():
                return None
            case StepFinished() | StepFailed():
                return self.steps.pop(event.step, None) or Work(title=event.step, begun=now)
            case StepStarted():
                self.steps[event.step] = Work(title=event.title, begun=now)
            case _:
                work = self.steps.setdefault(event.step, Work(title=event.step, begun=now))
                _learn(work, event, now)
        return None


def _learn(
    work: Work, event: StepProgress | ObjectSeen | ObjectGone | CauseSeen | CauseGone, now: float
) -> None:
    """A cause holds until it or its object is gone, or the object is ready or has another."""
    match event:
        case StepProgress():
            work.progress = event
        case ObjectSeen():
            work.objects[event.object] = event
            work.since.setdefault(event.object, now)
            if event.state == READY:
                work.causes.pop(event.object, None)
        case ObjectGone():
            for found in (work.objects, work.since, work.causes):
                found.pop(event.object, None)
        case CauseGone():
            if event.object in work.causes and work.causes[event.object][0].code == event.code:
                del work.causes[event.object]
        case CauseSeen():
            known = work.causes.get(event.object)
            since = known[1] if known and known[0].code == event.code else now
            work.causes[event.object] = (event, since)
