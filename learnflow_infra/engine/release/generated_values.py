"""Pure: values that helm generates at each rendering, such as passwords, times and revisions."""

import base64
import binascii
import re
from itertools import takewhile
from typing import Any

_BOUNDARY = re.compile(r"[\s:@,;\"'?&#(){}\[\]]")
"""A character that no base64 or alphanumeric random text has."""
_TIME = re.compile(r"\d{10}|\d{1,4}[-:/]\d{2}[-:/]\d{2}|\d{1,2}:\d{2}")


def common_start(one: str, other: str) -> str:
    """The characters with which both texts begin."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(pair[0] for pair in pairs)


def times(before: Any, after: Any) -> bool:
    """Whether two values may be the same text at different times."""
    return _shape(before) == _shape(after) and bool(_TIME.search(str(after)))


def random(live: Any, first: Any, second: Any) -> Any:
    """The live value, unless it also differs from both renderings where they are alike."""
    texts = [_text(value) for value in (live, first, second)]
    if not all(isinstance(text, str) for text in texts):
        return live
    lines = [str(text).split("\n") for text in texts]
    if len({len(item) for item in lines}) > 1:
        return live
    same = all(_fits(*items) for items in zip(*lines, strict=True))
    return live if same else first


def _text(value: Any) -> Any:
    """A text; the decoded one of a text in base64, as in a Secret."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def _fits(live: str, first: str, second: str) -> bool:
    """Whether a live line may be another rendering of two lines: their common ends are its own.

    An end counts from a character on that is in no random text.
    """
    if first == second:
        return live == first
    before = common_start(first, second)
    after = common_start(first[::-1], second[::-1])[::-1]
    marks = [match.end() for match in _BOUNDARY.finditer(before)]
    start = before[: marks[-1]] if marks else ""
    mark = _BOUNDARY.search(after)
    end = after[mark.start() :] if mark else ""
    return live.startswith(start) and live.endswith(end)


def by_revision(before: Any, after: Any, change: tuple[int, int]) -> bool:
    """Whether a value has the new revision's number where the old one has the old number.

    Args:
        before: the value of the old revision.
        after: of the new one.
        change: the two revisions, from and to.
    """
    if type(before) is not type(after) or not isinstance(after, str | int):
        return False
    return before != after and with_revision(str(after), change) == str(before)


def with_revision(text: str, change: tuple[int, int]) -> str:
    """A text of the new revision with the old one's number."""
    old, new = change
    return re.sub(rf"(?<!\d){new}(?!\d)", str(old), text)


def _shape(value: Any) -> str:
    return re.sub(r"\d", "0", str(value))
