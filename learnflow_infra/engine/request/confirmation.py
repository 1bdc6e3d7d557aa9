"""Questions before a step that destroys or takes over: answered by the caller, or refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learnflow_infra.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Question:
    """A step that has to be confirmed before anything changes.

    `what` is a sentence without its full stop ("Delete the cluster dev with all its data"),
    `name` what a person types to confirm, `losses` what is lost or changed, a line each.
    """

    what: str
    name: str
    losses: Sequence[str] = ()


Confirm = Callable[[Question], None]
"""Returns if the step is confirmed, else raises RefusedError.

Call it in the main thread, before the first change: a person may take minutes to answer.
"""


def accept(_question: Question) -> None:
    """Confirm: the user gave `--yes`."""


def refuse(question: Question) -> None:
    """Refuse: nobody can be asked.

    Raises:
        RefusedError: always; `why` lists what would be lost.
    """
    raise declined(question, "To confirm without a terminal, add --yes.")


def declined(question: Question, remedy: str) -> RefusedError:
    """The error for a question that was not confirmed."""
    return RefusedError(
        f"{question.what}: not confirmed.",
        why="\n".join(question.losses),
        remedy=remedy,
    )
