"""Conditions in CEL, the Common Expression Language (the only import of `cel`)."""

import functools
from collections.abc import Mapping
from typing import Any


@functools.cache
def program(expression: str) -> Any:
    """An expression, compiled once.

    Raises:
        ValueError: it is malformed; with where.
    """
    import cel  # noqa: PLC0415 - few skills declare rules: the others need not load it

    return cel.compile(expression)


def holds(expression: str, variables: Mapping[str, Any]) -> bool:
    """Whether an expression is true; one that fails, for a field is missing, is not."""
    try:
        return program(expression).execute(dict(variables)) is True
    except (ValueError, RuntimeError, TypeError, LookupError, ArithmeticError):
        return False
