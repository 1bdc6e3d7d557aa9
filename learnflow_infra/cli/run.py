"""Run a verb: events go to the renderer, errors to stderr, an exit code to the shell."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from learnflow_infra.cli.show import INTERRUPTED, renderer
from learnflow_infra.cli.show.commands import typed
from learnflow_infra.cli.show.lines import API_VERSION
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.remedy import Remedy, Words

T = TypeVar("T")


def run(work: Callable[[Emit], T], *, progress: bool = False) -> T:
    """Do the work while its progress is shown.

    Args:
        work: gets the emitter of events.
        progress: show progress, and an error, as JSON lines.

    Raises:
        typer.Exit: with the error's code; the error was printed.
    """
    with exit_on_error(silent=progress), renderer(progress=progress) as emit:
        return work(emit)


@contextmanager
def exit_on_error(*, silent: bool = False) -> Iterator[None]:
    """Print a LearnflowError and exit; any other error is a bug and keeps its traceback.

    Args:
        silent: print nothing, as the renderer has printed the error.

    Raises:
        typer.Exit: with the error's code.
    """
    try:
        yield
    except LearnflowError as error:
        if not silent:
            _print(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        sys.unraisablehook = lambda _: None  # no tracebacks of interrupted generators
        if not silent:
            err(INTERRUPTED)
        raise typer.Exit(EXIT_INTERRUPTED) from error


def _print(error: LearnflowError) -> None:
    err(f"Error ({error.title}): {error.what}")
    for part in (error.why, error.remedy and Remedy("Next: ", error.remedy)):
        if part:
            err("  " + typed(Remedy(part)).replace("\n", "\n  "))


def err(text: Words) -> None:
    """Print a line to stderr."""
    print(typed(text), file=sys.stderr, flush=True)  # noqa: T201


def out(text: Words) -> None:
    """Print a line of the result to stdout."""
    print(typed(text), flush=True)  # noqa: T201


def out_json(document: object) -> None:
    """Print the result to stdout as one JSON document."""
    out(json.dumps(document, indent=2))


def out_document(kind: str, **fields: object) -> None:
    """Print the result to stdout as a JSON document of a kind of this program."""
    out_json({"apiVersion": API_VERSION, "kind": kind, **fields})
