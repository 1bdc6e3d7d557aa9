"""Refuse integers that would arrive in a chart as other integers.

Helm reads the numbers of files and of --set-json as 64-bit floats: 9223372036854775807 becomes
9223372036854775808, and a template prints 9.223372036854776e+18
(https://github.com/helm/helm/issues/1707). Integers of --set, and texts, arrive unchanged.
"""

import json
from typing import Any

from learnflow_infra.documents import scalars
from learnflow_infra.documents.composer import Number
from learnflow_infra.documents.reading import Parsed
from learnflow_infra.errors import InputError
from learnflow_infra.masking import masked_values
from learnflow_infra.values.origins import Keys, dotted

WHY = "Helm reads a number of a file as a 64-bit float, which has 53 bits for an integer."


def require_exact(file: Parsed) -> None:
    """Refuse a file with an integer that a 64-bit float does not hold.

    Raises:
        InputError: with the line and the key of each.
    """
    if not file.rounded:
        return
    lines = [_line(file, number) for number in file.rounded]
    shown = _digits(file.rounded[0])
    raise InputError(
        lines[0],
        why="\n".join([*lines[1:], WHY]),
        remedy=f'Write it as a text, in quotes: "{shown}"' if shown else "Write it in quotes.",
    )


def _line(file: Parsed, number: Number) -> str:
    key = dotted(map(str, number.path))
    what = " ".join(filter(None, [f"{key}:" if key else "", "the integer", _digits(number)]))
    return f"{file.name}:{number.line}: {what} would be rounded by Helm."


def _digits(number: Number) -> str:
    """The number as written; "" where it may be a secret."""
    known = bool(number.path) and masked_values(number.text, number.path) == number.text
    return number.text if known else ""


def require_recorded(source: str, path: Keys, value: Any) -> None:
    """Refuse an integer of helm's record that is too large for a 64-bit float.

    The record has the float, whatever integer `--set` gave.

    Raises:
        InputError: the value, or an item of it, is such an integer.
    """
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            require_recorded(source, path, item)
    elif isinstance(value, int) and abs(value) > scalars.EXACT:
        raise InputError(
            f"{source}: helm's record may have rounded the number {dotted(path)}.",
            why="Helm stores numbers as 64-bit floats, which hold integers up to 2^53.",
            remedy="Give it again, by --set or as a text in a file.",
        )


def rounded_in_json(text: str) -> bool:
    """Whether a JSON text, which may end in blanks and a comma, has such an integer."""
    found: list[bool] = []

    def number(digits: str) -> float:
        value = float(digits)
        found.append(scalars.rounded(digits, value))
        return value

    decoder = json.JSONDecoder(parse_int=number, parse_float=number)
    if text.strip(" \t\n\r,"):
        decoder.raw_decode(text.lstrip())
    return any(found)
