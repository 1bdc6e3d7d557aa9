"""Find numbers that a chart prints with an exponent, because they are floats to it.

Helm reads 10485760 of a file as a float, and `{{ .Values.size }}` prints 1.048576e+07. In a number
of Kubernetes that is the same; in a text, such as a configuration file, it seldom is.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from learnflow_infra.masking import masked_values
from learnflow_infra.objects import Object, reference
from learnflow_infra.values.layers import Computed
from learnflow_infra.values.origins import dotted

SMALLEST = 10**6
"""From this number on, Go's text/template prints floats with an exponent."""


def warnings(computed: Computed, objects: Sequence[Object]) -> list[str]:
    """A line for each integer of the values that a text of the manifest has with an exponent.

    Args:
        computed: the values of a release; the chart's defaults are the chart's business.
        objects: what the chart rendered.
    """
    numbers = [
        (path, number) for path, number in _integers(computed.values) if _is_float(computed, number)
    ]
    if not numbers:
        return []
    texts = [(reference(obj), text) for obj in objects for text in _texts(obj)]
    return list(
        dict.fromkeys(
            _line(computed, path, number, str(name))
            for path, number in numbers
            for name, text in texts
            if _printed(number, text)
        )
    )


def exponent(number: int) -> str:
    """The text of Go's `%v` for a float of at least 1e6."""
    sign, digits, power = Decimal(repr(float(number))).normalize().as_tuple()
    figures = "".join(map(str, digits))
    mantissa = f"{figures[0]}.{figures[1:]}".rstrip(".")
    return f"{'-' * sign}{mantissa}e+{len(digits) + int(power) - 1:02d}"


def _is_float(computed: Computed, number: int) -> bool:
    """Not of a `--set`, which keeps integers."""
    return abs(number) >= SMALLEST and not any(
        argument.endswith(f"={number}") for argument in computed.set_arguments
    )


def _integers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _integers(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _integers(item, path)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _printed(number: int, text: str) -> bool:
    shown = exponent(number)
    return shown in text and bool(re.search(rf"(?<![\w.]){re.escape(shown)}(?![\w.])", text))


def _line(computed: Computed, path: tuple[str, ...], number: int, name: str) -> str:
    key = f"{computed.release}.{dotted(path)}"
    source = computed.source_of(path)
    secret = masked_values(number, path) != number
    what = "this number with an exponent" if secret else f"{number} as {exponent(number)}"
    return f"{source}: {key}: the chart prints {what} in {name}. Write it in quotes."
