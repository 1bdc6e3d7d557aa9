"""Readers of fields of objects: one that is missing, null or of another type never raises."""

from collections.abc import Mapping
from typing import Any

from learnflow_infra.objects import Fields


def at(obj: Any, *keys: str) -> Any:
    """The value at a path of keys; None where one of them is missing."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    return obj


def part(obj: Any, *keys: str) -> Fields:
    """The mapping at a path of keys, or an empty one."""
    value = at(obj, *keys)
    return value if isinstance(value, dict) else {}


def items(obj: Any, *keys: str) -> list[Any]:
    """The mappings in the list at a path of keys."""
    value = at(obj, *keys)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(obj: Any, *keys: str, default: int = 0) -> int:
    """The integer at a path of keys, or the default."""
    value = at(obj, *keys)
    return value if isinstance(value, int) else default


def text(obj: Any, *keys: str, default: str = "") -> str:
    """The text at a path of keys, or the default, also in place of an empty text."""
    value = at(obj, *keys)
    return value if isinstance(value, str) and value else default
