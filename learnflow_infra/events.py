"""The events of a run: frozen values, and the steps that emit them.

The engine and the clusters emit; renderers listen and change nothing. A step's id is a path
(`cluster/binary`), so renderers can group steps by it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    """A step has started.

    `step` is its id, `title` its name for people, `needs` the ids of steps it waited for.
    """

    step: str
    title: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepProgress:
    """How far a step is: `done` of `total` in any unit (None: unknown), and a short note."""

    step: str
    done: float
    total: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class StepFinished:
    """A step has succeeded.

    `changed` is False if everything was as desired, None if the step only reads.
    """

    step: str
    note: str = ""
    changed: bool | None = True


@dataclass(frozen=True, kw_only=True)
class StepFailed:
    """A step ended with an error; `note` is the first line of the error.

    `changed` is True if it had begun to change something.
    """

    step: str
    note: str
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectSeen:
    """An object of a release appeared, or its status changed.

    `object` and `owner` are `Kind/name`; the owner is an object of the same step, "" for an
    object right below the release. `state` is a status of readiness.status, such as Current.
    `created` is in seconds since 1970, 0 if unknown.
    """

    step: str
    object: str
    owner: str
    state: str
    message: str
    created: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ObjectGone:
    """An object of a release was deleted."""

    step: str
    object: str


@dataclass(frozen=True, kw_only=True)
class CauseSeen:
    """Why an object is not ready.

    `code` is the cause's code, `grace` the seconds in which it may still heal: 0 if it cannot,
    infinite if it never ends a wait.
    """

    step: str
    code: str
    object: str
    message: str
    grace: float


@dataclass(frozen=True, kw_only=True)
class CauseGone:
    """A cause has healed, or another cause of the object has replaced it."""

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
"""Receives events; may be called from several threads at once."""


class Step:
    """A running step; `outcome` is emitted when its block ends without an error."""

    def __init__(self, emit: Emit, step: str) -> None:
        self._emit = emit
        self._step = step
        self.outcome: StepFinished | StepFailed = StepFinished(step=step)
        self.changing = False

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Emit how far the step is."""
        self._emit(StepProgress(step=self._step, done=done, total=total, note=note))

    def change(self, note: str) -> None:
        """Emit that the step begins to change something: if it fails, it has changed something."""
        self.changing = True
        self.progress(0, note=note)

    def done(self, note: str = "", *, changed: bool | None = True) -> None:
        """Set the outcome."""
        self.outcome = StepFinished(step=self._step, note=note, changed=changed)

    def failed(self, note: str) -> None:
        """Set the outcome of a step that ends without an error, but did not succeed."""
        self.outcome = StepFailed(step=self._step, note=note)


@contextmanager
def step(emit: Emit, name: str, title: str, needs: tuple[str, ...] = ()) -> Iterator[Step]:
    """Emit the start of the step `name`, and its end or failure when the block ends."""
    emit(StepStarted(step=name, title=title, needs=needs))
    running = Step(emit, name)
    try:
        yield running
    except BaseException as error:
        lines = str(error).splitlines() or [type(error).__name__]
        interrupted = not isinstance(error, Exception)  # Ctrl-C, or a cancelled task
        note = "interrupted" if interrupted else lines[0]
        emit(StepFailed(step=name, note=note, changed=running.changing))
        raise
    emit(running.outcome)


def ignore(_event: Event) -> None:
    """Drop an event: the emitter for callers that show nothing."""
