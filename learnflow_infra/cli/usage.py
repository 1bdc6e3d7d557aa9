"""Errors of the command line itself: wrong options, arguments and verbs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer._click.exceptions import NoArgsIsHelpError, UsageError
from typer.core import TyperGroup

from learnflow_infra.cli.run import exit_on_error
from learnflow_infra.errors import InputError
from learnflow_infra.remedy import Command, Remedy


class Program(TyperGroup):
    """The verbs; a usage error is printed as any other error, and has the code of its class."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Parse the words before the verb."""
        with _as_input_error():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Parse the verb's words, and run it."""
        with _as_input_error():
            return super().invoke(ctx)


@contextmanager
def _as_input_error() -> Iterator[None]:
    with exit_on_error():
        try:
            yield
        except NoArgsIsHelpError as error:  # it prints the help
            error.exit_code = InputError.exit_code
            raise
        except UsageError as error:
            verb = _verb(error.ctx)
            raise InputError(
                error.format_message(), remedy=Remedy("See: ", Command(*verb, "--help"))
            ) from error


def _verb(context: Any) -> list[str]:
    """The words of a verb, such as `cluster up`, without the program's."""
    if context is None or context.parent is None:
        return []
    return [*_verb(context.parent), context.info_name]
