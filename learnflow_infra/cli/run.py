"""Run a verb: events to the renderer, errors to stderr, an exit code to the shell."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from learnflow_infra.cli.show import INTERRUPTED, renderer
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError
from learnflow_infra.events import Emit

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
    for part in (error.why, error.remedy and f"Next: {error.remedy}"):
        if part:
            say("  " + typed(str(part)).replace("\n", "\n  "))


_COMMAND = re.compile(r"learnflow-infra ((?:cluster|chart|bundle) )?([a-z-]+)((?: [^\s(]+)*)")


def typed(text: str) -> str:
    """Commands in a text as this user types them: who came through make has no other command."""
    if "LEARNFLOW_VIA_MAKE" not in os.environ:
        return text

    def by_make(match: re.Match[str]) -> str:
        target = f"{(match[1] or '').strip()}-{match[2]}".lstrip("-")
        return f"make {target}" + (f" ARGS='{match[3].strip()}'" if match[3] else "")

    return _COMMAND.sub(by_make, text)


def say(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def out(text: str) -> None:
    """A line of the result, on stdout."""
    print(text, flush=True)  # noqa: T201


def out_json(document: object) -> None:
    """The result as one JSON document."""
    out(json.dumps(document, indent=2))
