"""Integers of `--set`, which helm must get by `--set` again.

Helm reads every number of a file or stdin as a 64-bit float: a template prints 10000000 as
1e+07. Integers of `--set` stay integers. This program passes all values by stdin, so it marks
these integers in the layers and repeats them by `--set`. They are on a command line already.
"""

import re
from collections.abc import Iterator
from typing import Any

from learnflow_infra.documents.scalars import Scalar
from learnflow_infra.models import Values


class SetInteger(int):
    """An integer of a `--set`."""

    __slots__ = ()

    def __deepcopy__(self, _memo: object) -> "SetInteger":
        return self


def set_arguments(values: Values) -> tuple[str, ...]:
    """The arguments of `--set` for every marked integer."""
    return tuple(f"{path}={number}" for path, number in _marked(values, ""))


def _marked(value: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, SetInteger):
        yield path, int(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key:  # helm cannot set an empty name
                yield from _marked(item, f"{path}.{escaped(key)}" if path else escaped(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _marked(item, f"{path}[{index}]")


def escaped(name: str) -> str:
    """A key, escaped as one name in a path of `--set`."""
    return "".join(f"\\{char}" if char in "\\.,=[" else char for char in name)


def unmarked(value: Any) -> Any:
    """The values with plain integers."""
    match value:
        case SetInteger():
            return int(value)
        case dict():
            return {key: unmarked(item) for key, item in value.items()}
        case list():
            return [unmarked(item) for item in value]
    return value


_SET_WORDS: dict[str, Scalar] = {
    "true": True,
    "false": False,
    "null": None,
    "0": SetInteger(0),
}
_SET_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")


def behind_set(text: str) -> Scalar:
    """The value of a word of a `--set`: true, false, null, a 64-bit integer, else text.

    An integer may have a sign but not begin with 0 (`012` is text, `-012` is -12);
    floats, hexadecimal numbers and `1e3` are text.
    """
    folded = text.casefold()
    if folded in _SET_WORDS:
        return _SET_WORDS[folded]
    if not text.startswith("0") and _SET_INTEGER.fullmatch(text):
        number = SetInteger(text)
        if -(2**63) <= number < 2**63:
            return number
    return text
