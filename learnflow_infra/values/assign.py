"""Apply an assignment of a flag to values, by Helm's rules for paths."""

from typing import Any

from learnflow_infra.errors import InputError
from learnflow_infra.models import Values
from learnflow_infra.values.reader import Assignment, Step

MAX_INDEX = 65536


class PathError(ValueError):
    """A path does not fit the values; the text names the part that does not."""


def assign(document: Values, assignment: Assignment) -> None:
    """Change `document` in place; it must not share parts with other documents.

    As in Helm, an empty name is never set, a mapping that stays empty is an error, and a list
    item that is not a mapping is replaced by one. Other values must have the path's kind.

    Raises:
        PathError: the path does not fit the document.
    """
    _into_map(document, assignment.path, assignment)


def _into_map(document: Values, path: tuple[Step, ...], assignment: Assignment) -> None:
    name, rest = str(path[0]), path[1:]
    if not rest:
        value: Any = assignment.value
    elif isinstance(rest[0], int):
        value = _into_list(_existing(document, name, list), rest, assignment)
    else:
        value = _existing(document, name, dict)
        _into_map(value, rest, assignment)
        if not value:
            if not assignment.ended:
                raise PathError(f"nothing is set below {name!r}")
            return
    if name:
        document[name] = value


def _existing(document: Values, name: str, kind: type) -> Any:
    """The value of `name`, or an empty one of that kind."""
    value = document.get(name, kind())
    if not isinstance(value, kind):
        raise PathError(f"{name!r} is {describe(value)}, not a {_KINDS[kind]}")
    return value


def _into_list(items: list[Any], path: tuple[Step, ...], assignment: Assignment) -> list[Any]:
    index, rest = int(path[0]), path[1:]
    item = items[index] if index < len(items) else None
    if not rest:
        return items if assignment.ended else _with_item(items, index, assignment.value)
    value: Any
    if isinstance(rest[0], int):
        if not isinstance(item, list | None):
            raise PathError(f"item [{index}] is {describe(item)}, not a list")
        value = _into_list(item or [], rest, assignment)
    else:
        value = item if isinstance(item, dict) else {}
        if index < len(items):
            items[index] = value
        _into_map(value, rest, assignment)
    return items if assignment.ended else _with_item(items, index, value)


def _with_item(items: list[Any], index: int, value: Any) -> list[Any]:
    """The list with an item set; missing items before it become null."""
    if index > MAX_INDEX:
        raise PathError(f"the index {index} is above {MAX_INDEX}")
    if index >= len(items):
        items = [*items, *[None] * (index + 1 - len(items))]
    items[index] = value
    return items


_KINDS: dict[type, str] = {dict: "mapping", list: "list"}


def describe(value: Any) -> str:
    """The kind of a value, for errors, which must not contain the value itself: a secret."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "a mapping"


def refusal(flag: str, assignment: Assignment, error: PathError) -> InputError:
    """The error for a path that does not fit, without the value."""
    return InputError(
        f"{flag} {assignment.key}: {error}.",
        why="Helm refuses it, too: a flag cannot change the kind of a value of other layers.",
        remedy="Correct the path, or set the whole key with --set-json.",
    )
