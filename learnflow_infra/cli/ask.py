"""Ask for a confirmation on the terminal; without one, `--yes` is the only answer."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli.run import err
from learnflow_infra.cli.show.screen import without_view

if TYPE_CHECKING:
    from learnflow_infra.engine.request.confirmation import Confirm, Question

Yes = Annotated[
    bool,
    typer.Option("--yes", help="Do not ask before a step that destroys; needed in scripts."),
]


def confirm(*, yes: bool, progress: bool = False) -> "Confirm":
    """How the engine's questions are answered.

    Args:
        yes: confirm them all.
        progress: stderr is for a program, which cannot be asked.
    """
    from learnflow_infra.engine.request import confirmation

    if yes:
        return confirmation.accept
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not progress
    return _ask if asks else confirmation.refuse


def _ask(question: "Question") -> None:
    """Print the question, and read the name.

    Raises:
        RefusedError: something else was typed, or the input ended.
    """
    from learnflow_infra.engine.request.confirmation import declined

    with without_view():
        err(f"{question.what}:")
        for loss in question.losses:
            err(f"  {loss}")
        print(f"Type {question.name} to confirm: ", end="", file=sys.stderr, flush=True)  # noqa: T201
        answer = sys.stdin.readline()
    if answer.strip() != question.name:
        raise declined(question, f"To confirm, type {question.name}.")
