"""Parse Helm's language for values on a command line.

`--set`, `--set-string` and `--set-file` take `path=value,path=value`, where a value may be
a list `{a,b}` and a backslash escapes the next character; `--set-json` takes JSON texts as
values. Source: https://helm.sh/docs/intro/using_helm/, and helm 3.17, with which the tests
compare. Its quirks are kept, each with a comment.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.errors import InputError
from learnflow_infra.models import Values
from learnflow_infra.values.reader import Assignment, Reader
from learnflow_infra.values.typed import behind_set

_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


_NO_JSON = "the value after character {at} is not JSON."
_QUOTE = "Type it as JSON and quote it for the shell, as in --set-json 'release.key=[1, \"a\"]'"


def parse(
    flag: str, text: str, read_file: Callable[[str], str], dialect: Dialect = HELM_4
) -> tuple[Assignment, ...]:
    """The assignments of one flag, in order.

    Args:
        flag: `--set`, `--set-string`, `--set-json` or `--set-file`.
        text: its argument.
        read_file: returns the text of a file, for `--set-file`.
        dialect: of the helm that gets the values.

    Raises:
        InputError: the text is malformed; the message contains no value.
    """
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)  # bytes that are no UTF-8, as in Go
    readers = {
        "--set": _Words(flag, text, dialect, behind_set),
        "--set-string": _Words(flag, text, dialect, str),
        "--set-file": _Words(flag, text, dialect, read_file),
        "--set-json": _Json(flag, text, dialect),
    }
    return readers[flag].assignments()


def json_object(text: str) -> Values | None:
    """The object that an argument of `--set-json` is as a whole; None if it is no object.

    Raises:
        InputError: it begins as an object, and is not JSON.
    """
    text = text.strip(_SPACE)
    if not text.startswith("{"):
        return None
    try:
        value: Values = _without_surrogates(_DECODER.decode(text))
    except (ValueError, RecursionError) as error:
        at = getattr(error, "pos", 0)
        raise InputError(f"--set-json: {_NO_JSON.format(at=at)}", remedy=_QUOTE) from error
    return value


class _Words(Reader):
    """Values are words or lists of words; `word` converts a word to its value."""

    def __init__(self, flag: str, text: str, dialect: Dialect, word: Callable[[str], Any]) -> None:
        super().__init__(flag, text, dialect)
        self._word = word

    def value(self) -> Any:
        if self.at >= len(self.text):
            return ""
        if self.text[self.at] == "{":
            return self._list()
        return self._word(self.until(",")[0])

    def _list(self) -> list[Any]:
        self.at += 1
        items, stop = [], ","
        while stop == ",":
            word, stop = self.until(",}")
            if not stop:
                raise self.fault("a list is not closed.", "End it with a brace: {a,b}")
            items.append(self._word(word))
        if self.text[self.at : self.at + 1] == ",":
            self.at += 1
        return items


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _whole(text: str) -> int | float:
    _finite(text)
    return -0.0 if text == "-0" else int(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_no_constant)


class _Json(Reader):
    """Values are JSON texts, separated by commas and blanks; an empty text is null."""

    def value(self) -> Any:
        if self._blank():
            return None
        start = self.at
        try:
            value, self.at = _DECODER.raw_decode(self.text, start)
        except (ValueError, RecursionError) as error:
            raise self._no_json(getattr(error, "pos", start)) from error
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.text[self.at : self.at + 1] in {".", "e", "E"}:
            raise self._no_json(self.at)  # Go reads on: `1.` is a malformed number
        self._blank()
        return _without_surrogates(value)

    def _no_json(self, at: int) -> InputError:
        return self.fault(_NO_JSON.format(at=at), _QUOTE)

    def _blank(self) -> bool:
        """Skip blanks and one comma; return whether only blanks came before a comma or the end."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char not in _SPACE and char != ",":
                return False
            self.at += 1
            if char == ",":
                return True
        return True


def _without_surrogates(value: Any) -> Any:
    r"""Replace lone surrogates (`"\ud800"`) by U+FFFD, as Go does."""
    match value:
        case str():
            return re.sub("[\ud800-\udfff]", "\ufffd", value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value
