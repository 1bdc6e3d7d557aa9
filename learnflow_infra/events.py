"""What a run tells about itself: frozen events, and the steps that emit them.

The engine and the clusters emit; renderers only listen. A step's id is a path
(`cluster/binary`), so that a renderer can group without knowing the steps.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    """Work on a step has begun; `title` is for people, `needs` are steps that it waited for."""

    step: str
    title: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepProgress:
    """How far a step is: `done` of `total` (any unit; None when unknown), and a short note."""

    step: str
    done: float
    total: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class StepFinished:
    """A step is done.

    `changed` is False when it found everything as it should be, None when it only looked.
    """

    step: str
    note: str = ""
    changed: bool | None = True


@dataclass(frozen=True, kw_only=True)
class StepFailed:
    """A step ended by an error, whose first sentence is `note`."""

    step: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ObjectSeen:
    """An object of a release under way was seen first, or its status is another one.

    `object` and `owner` are `Kind/name`; the owner is an object of the same step, "" for
    one right below the release. `created` is in seconds since 1970, 0 where it is not known.
    """

    step: str
    object: str
    owner: str
    state: str
    message: str
    created: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ObjectGone:
    """An object of a release under way was deleted."""

    step: str
    object: str


@dataclass(frozen=True, kw_only=True)
class CauseSeen:
    """Why an object is not ready; `grace` are the seconds in which it may still heal."""

    step: str
    code: str
    object: str
    message: str
    grace: float


@dataclass(frozen=True, kw_only=True)
class CauseGone:
    """A cause that was seen has healed, or another one has taken its place."""

    step: str
    code: str
    object: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """A line for people that belongs to no step."""

    text: str


Event = (
    StepStarted
    | StepProgress
    | StepFinished
    | StepFailed
    | ObjectSeen
    | ObjectGone
    | CauseSeen
    | CauseGone
    | Message
)
Emit = Callable[[Event], None]
"""Takes an event; may be called from several threads at once."""


class Step:
    """A step under way; `done` is optional and may be said once."""

    def __init__(self, emit: Emit, step: str) -> None:
        self._emit = emit
        self._step = step
        self._outcome = StepFinished(step=step)

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the step is."""
        self._emit(StepProgress(step=self._step, done=done, total=total, note=note))

    def done(self, note: str = "", *, changed: bool | None = True) -> None:
        """Say how the step ended; emitted when its block is left."""
        self._outcome = StepFinished(step=self._step, note=note, changed=changed)

    def finish(self) -> None:
        """Emit the outcome."""
        self._emit(self._outcome)


@contextmanager
def step(emit: Emit, name: str, title: str, needs: tuple[str, ...] = ()) -> Iterator[Step]:
    """Emit start and end (or failure) of the step `name` around a block."""
    emit(StepStarted(step=name, title=title, needs=needs))
    running = Step(emit, name)
    try:
        yield running
    except BaseException as error:
        said = str(error).splitlines() or [type(error).__name__]
        cut_off = not isinstance(error, Exception)  # Ctrl-C, or the task of it cancelled
        emit(StepFailed(step=name, note="interrupted" if cut_off else said[0]))
        raise
    running.finish()


def ignore(_event: Event) -> None:
    """Drop an event: the emitter for callers that show nothing."""
