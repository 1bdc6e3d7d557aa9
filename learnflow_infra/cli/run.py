"""Run a verb: events to the renderer, errors to stderr, an exit code to the shell."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from learnflow_infra.cli.show import INTERRUPTED, renderer
from learnflow_infra.cli.show.words import typed
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.remedy import Remedy, Words

T = TypeVar("T")


def run(work: Callable[[Emit], T], *, progress: bool = False) -> T:
    """Do the work with progress shown.

    Args:
        work: what to do.
        progress: tell it, and an error, as JSON lines.

    Raises:
        typer.Exit: with the error's code, after it was told.
    """
    with errors_told(silent=progress), renderer(progress=progress) as emit:
        return work(emit)


@contextmanager
def errors_told(*, silent: bool = False) -> Iterator[None]:
    """Tell a known error in three parts; everything else is a bug and keeps its traceback.

    Args:
        silent: only exit by the error's code: it was told already.

    Raises:
        typer.Exit: with the error's code.
    """
    try:
        yield
    except LearnflowError as error:
        if not silent:
            _tell(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        sys.unraisablehook = lambda _: None  # what was cut off is closed without words
        if not silent:
            say(INTERRUPTED)
        raise typer.Exit(EXIT_INTERRUPTED) from error


def _tell(error: LearnflowError) -> None:
    say(f"Error ({error.title}): {error.what}")
    for part in (error.why, error.remedy and Remedy("Next: ", error.remedy)):
        if part:
            say("  " + typed(part).replace("\n", "\n  "))


def say(text: Words) -> None:
    """A line on stderr."""
    print(typed(text), file=sys.stderr, flush=True)  # noqa: T201


def out(text: Words) -> None:
    """A line of the result, on stdout."""
    print(typed(text), flush=True)  # noqa: T201


def out_json(document: object) -> None:
    """The result as one JSON document."""
    out(json.dumps(document, indent=2))
