"""The live view on a terminal: a tree of running steps, below the lines of finished ones."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live as Screen
from rich.text import Text

from learnflow_infra.cli.show import layout, rows, screen, words
from learnflow_infra.cli.show.model import Model
from learnflow_infra.events import Emit, Event, Message, StepFailed, StepFinished


@contextmanager
def live(console: Console | None = None) -> Iterator[Emit]:
    """The emitter of a live view, which is erased at the end of the block."""
    console = console or Console(stderr=True)
    view = Live(console)
    with screen.drawn(view):
        yield view


class Live:
    """Collects events and draws on demand, so many events cost no drawing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._model = Model()
        self._lock = threading.Lock()
        self._screen: Screen | None = None

    def start(self) -> None:
        """Draw from the current line on: a Screen that is started again erases lines above it."""
        self._screen = Screen(
            console=self._console,
            get_renderable=self.picture,
            refresh_per_second=rows.FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )
        self._screen.start()

    def stop(self) -> None:
        """Erase the view."""
        if self._screen:
            self._screen.stop()

    def __call__(self, event: Event) -> None:
        """Apply an event; a step that it ends is printed above the view."""
        now = time.time()
        with self._lock:
            ended = self._model.apply(event, now)
        # Print without the lock: printing waits for picture(), which takes the lock.
        if ended and isinstance(event, StepFinished | StepFailed):
            self._print(_ended(event, ended.title, now - ended.begun))
        elif isinstance(event, Message):
            self._print(Text(event.text))

    def picture(self) -> Text:
        """The view for the terminal's current size; one line is left for the cursor."""
        size = self._console.size
        with self._lock:
            drawn = layout.lines(self._model, time.time(), size.width, size.height - 1)
        return Text("\n", no_wrap=True, end="").join(drawn)

    def _print(self, text: Text) -> None:
        self._console.print(text, highlight=False)


def _ended(event: StepFinished | StepFailed, title: str, seconds: float) -> Text:
    mark, colour = _mark(event)
    line = Text.assemble((mark, colour), (f" {seconds:6.1f}s ", "dim"), words.clean(title))
    if event.note:
        line.append(f"  {words.clean(event.note)}", style="dim")
    return line


def _mark(event: StepFinished | StepFailed) -> tuple[str, str]:
    if isinstance(event, StepFailed):
        return ("✗", "red")
    return ("=", "dim") if event.changed is False else ("✓", "green")
