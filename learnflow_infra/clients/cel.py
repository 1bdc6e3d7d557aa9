"""Evaluate conditions in CEL, the Common Expression Language (the only import of `cel`)."""

import functools
from collections.abc import Mapping
from typing import Any


@functools.cache
def program(expression: str) -> Any:
    """The compiled expression, cached.

    Raises:
        ValueError: it is malformed; with the position.
    """
    import cel  # noqa: PLC0415 - loaded only for skills that declare rules

    return cel.compile(expression)


def holds(expression: str, variables: Mapping[str, Any]) -> bool:
    """Whether an expression is true; an error, as for a missing field, counts as false."""
    try:
        return program(expression).execute(dict(variables)) is True
    except (ValueError, RuntimeError, TypeError, LookupError, ArithmeticError):
        return False
