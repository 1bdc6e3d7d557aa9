"""`${a.b}` in texts of skill.yaml, replaced from a nested mapping."""

import re
from collections.abc import Mapping
from typing import Any

from learnflow_infra.errors import InputError

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")


def fill(text: str, scope: Mapping[str, Any]) -> str:
    """Replace every placeholder.

    Raises:
        InputError: a placeholder has no value; the error lists the keys at that level.
    """
    return _PLACEHOLDER.sub(lambda match: str(_look_up(match[1], scope)), text)


def keys(text: str) -> list[str]:
    """The dotted keys of a text's placeholders."""
    return _PLACEHOLDER.findall(text)


def holds(scope: Mapping[str, Any], dotted: str) -> bool:
    """Whether a mapping has a value at a dotted key."""
    try:
        _look_up(dotted, scope)
    except InputError:
        return False
    return True


def _look_up(dotted: str, scope: Mapping[str, Any]) -> object:
    value: Any = scope
    for key in dotted.split("."):
        if not isinstance(value, Mapping) or key not in value:
            keys = ", ".join(map(str, value)) if isinstance(value, Mapping) else "nothing below"
            raise InputError(f"${{{dotted}}} in skill.yaml names nothing.", why=f"Known: {keys}")
        value = value[key]
    return value
