"""Resolve YAML scalars as gopkg.in/yaml.v2 does, and so Helm and Kubernetes.

Source: resolve.go of sigs.k8s.io/yaml/goyaml.v2; the tests compare with helm 3.17.
"""

import base64
import binascii
import math
import re
import struct
from decimal import Decimal

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_CORE = "tag:yaml.org,2002:"
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
EXACT = 2**53
"""Up to this integer, a 64-bit float holds every one."""
_EXPONENT = 10**21
_LONGEST = 1000
"""Maximum digits of an integer; Python refuses to convert very long ones."""


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag.

    As in Go, integers beyond 64 bits become floats, and dates stay text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return _float(text, text)
    if text[0] not in "+-0123456789" or _DATE.fullmatch(text):
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    return _float(digits, text) if number is None else number


def _integer(digits: str) -> int | None:
    number = _whole(digits)
    return number if number is not None and _LOWEST <= number <= _HIGHEST else None


def _whole(digits: str) -> int | None:
    """The integer that the digits of any base write; None for a float."""
    match = _INTEGER.fullmatch(digits)
    if not match or len(digits) > _LONGEST:
        return None
    sign, *by_base = match.groups()
    base, figures = next((b, f) for b, f in zip((16, 2, 8, 10), by_base, strict=True) if f)
    return int(sign + figures, base)


def rounded(text: str, value: float) -> bool:
    """Whether a chart of Helm would see another integer than the text writes.

    Helm reads every number of a file as a 64-bit float, and prints it with an exponent from
    1e21 on. Fractions are approximate everywhere, and do not count.

    Args:
        text: the number in YAML or JSON.
        value: what `plain` makes of it.
    """
    if abs(value) <= EXACT:
        return False
    digits, seen = text.replace("_", ""), Decimal(float(value))
    whole = _whole(digits)
    if whole is not None:
        return whole != seen or abs(whole) >= _EXPONENT
    written = Decimal(digits)
    shortest = Decimal(repr(float(value)))
    return written != seen and (abs(seen) < _EXPONENT or written != shortest)


def _float(digits: str, text: str) -> Scalar:
    number = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    return text if math.isinf(number) else number


def tagged(text: str, tag: str) -> Scalar:
    """The value of a scalar with a tag, such as `!!int "1"`; with an unknown tag it is text.

    Raises:
        ValueError: the scalar is not of that type.
    """
    kind = tag.removeprefix(_CORE)
    value = plain(text)
    match kind, value:
        case ("int", int()) | ("bool", bool()) | ("null", None) | ("float", float()):
            if kind == "int" and isinstance(value, bool):
                raise ValueError(f"{text!r} is not !!int")
            return value
        case "float", int() if not isinstance(value, bool):
            return float(value)
        case (("int" | "bool" | "null" | "float"), _):
            raise ValueError(f"{text!r} is not !!{kind}")
        case "timestamp", _ if not _DATE.fullmatch(text):
            raise ValueError(f"{text!r} is not !!timestamp")
        case "binary", _:
            return _binary(text)
    return text


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError("!!binary needs base64 text") from error


def as_text(value: object) -> str:
    """A scalar as text, for keys of JSON and for string fields of Go.

    Source: convertToJSONableObject of sigs.k8s.io/yaml.

    Raises:
        ValueError: a null, a list, a mapping, or a number above 63 bits.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value < 2**63:
            return str(value)
        case float() if math.isfinite(value):
            return _shortest(value)
        case float():
            return ".nan" if math.isnan(value) else "-.inf" if value < 0 else ".inf"
    raise ValueError(f"{value!r} cannot be a key")


def _shortest(value: float) -> str:
    """The text of Go's `%g` for a 32-bit float: the fewest digits, 1e+06 for 1000000."""
    texts = (f"{value:.{decimals}e}" for decimals in range(9))
    text = next((text for text in texts if _single(float(text)) == _single(value)), f"{value:e}")
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent)
    return f"{value:.{max(decimals, 0)}f}" if -5 < int(exponent) < 6 else text  # noqa: PLR2004


def _single(value: float) -> bytes:
    return struct.pack("f", value)
