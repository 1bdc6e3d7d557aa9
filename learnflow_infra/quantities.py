"""Kubernetes quantities and Go durations as numbers."""

import re

MIB = 2**20
"""Bytes of a mebibyte."""

_SCALE = {
    "": 1.0,
    **{unit: 10.0 ** (3 * power) for power, unit in enumerate("num", start=-3)},
    **{unit: 10.0 ** (3 * power) for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTPE", start=1)},
}
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 290 * 366 * 86400
"""Seconds; nearly 2^63 ns. Source: https://pkg.go.dev/time#Duration."""
_DURATION = re.compile(r"([0-9.]+)(ms|s|m|h)")


def quantity(text: str | float) -> float:
    """A quantity such as `250m`, `2Gi` or `1e3` in its base unit (cores or bytes).

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/;
    a number has an exponent or a suffix, not both.

    Raises:
        ValueError: the text is not a quantity.
    """
    match = _QUANTITY.fullmatch(str(text))
    if not match or match[2] not in _SCALE or (match[2] and "e" in match[1].lower()):
        raise ValueError(f"{text!r} is not a quantity such as 250m or 2Gi")
    return float(match[1]) * _SCALE[match[2]]


def seconds(text: str) -> float:
    """A duration as Go and Helm write it (`90s`, `5m`, `1h30m`), in seconds.

    Raises:
        ValueError: the text is not a duration, or one that Go cannot hold.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 90s or 5m")
    total = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if total > _LONGEST:
        raise ValueError(f"{text!r} is longer than 290 years")
    return total


def size(count: float) -> str:
    """Bytes in a short form: 512B, 1.5Mi, 20Gi."""
    power = min(4, max(0, int(count).bit_length() - 1) // 10)
    unit = ("B", "Ki", "Mi", "Gi", "Ti")[power]
    return f"{count / 2 ** (10 * power):.1f}".removesuffix(".0") + unit


def counted(number: int, noun: str) -> str:
    """A number of things: `1 object`, `2 objects`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
