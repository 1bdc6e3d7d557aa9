"""Kubernetes quantities and durations as numbers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re

_SUFFIX = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}
_QUANTITY = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9.]+)(ms|s|m|h)")


def quantity(text: str | float) -> float:
    """A quantity such as `250m`, `2Gi` or `1e3` in its base unit (cores or bytes).

    Raises:
        ValueError: it is none.
    """
    match = _QUANTITY.fullmatch(str(text))
    if not match or match[2] not in _SUFFIX:
        raise ValueError(f"{text!r} is no quantity")
    return float(match[1]) * _SUFFIX[match[2]]


def seconds(text: str) -> float:
    """A duration as Go and Helm write it (`90s`, `5m`, `1h30m`), in seconds.

    Raises:
        ValueError: it is none.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is no duration such as 90s or 5m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
