"""Parse the argument of one of Helm's flags: paths; subclasses parse the values."""

import re
from dataclasses import dataclass
from typing import Any

from learnflow_infra.dialect import Dialect
from learnflow_infra.errors import InputError

Step = str | int
MAX_DEPTH = 30
"""Maximum number of dots in a path."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One `path=value` of a flag.

    `ended` is set if the text ends before any value: `a.b=`, `a.`, `a[1]`. Helm then adds no
    item to a list on the path. `key` and `typed` are the path and the value as typed.
    """

    path: tuple[Step, ...]
    value: Any
    ended: bool = False
    key: str
    typed: str = ""


class Reader:
    """Parses a text once, from `at` on."""

    def __init__(self, flag: str, text: str, dialect: Dialect) -> None:
        self.flag = flag
        self.text = text
        self._dialect = dialect
        self.at = 0

    def assignments(self) -> tuple[Assignment, ...]:
        """The assignments up to the end of the text.

        Raises:
            InputError: the text is malformed.
        """
        assignments: list[Assignment] = []
        while self.at < len(self.text):
            assignments.append(self._assignment())
        return tuple(one for one in assignments if one.path)

    def value(self) -> Any:
        """Parse the value at `at`, and skip the comma after it."""
        raise NotImplementedError

    def fault(self, what: str, remedy: str) -> InputError:
        """An error that names the flag; `what` must not contain a value."""
        return InputError(f"{self.flag}: {what}", remedy=remedy)

    def until(self, stops: str) -> tuple[str, str]:
        """The text before the next of `stops`, and that character; `""` at the end of the text."""
        chars: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in stops:
                return "".join(chars), char
            if char == "\\":  # at the very end it is dropped
                char = self.text[self.at : self.at + 1]
                self.at += 1
            chars.append(char)
        return "".join(chars), ""

    def _assignment(self) -> Assignment:
        start = self.at
        path, stop = self._path(start)
        key = self.text[start : self.at - (stop == "=")]
        if stop != "=":
            return Assignment(path=path, value="", ended=True, key=key)
        value_at = self.at
        ended = value_at >= len(self.text) and isinstance(path[-1], str)
        value = self.value()
        typed = self.text[value_at : self.at].removesuffix(",")
        return Assignment(path=path, value=value, ended=ended and value == "", key=key, typed=typed)

    def _path(self, start: int) -> tuple[tuple[Step, ...], str]:
        """The steps up to `=`, or up to the end of the text after a dot or an index."""
        path: list[Step] = []
        dots = 0
        while True:
            name, stop = self.until("=[,.")
            path.append(name)
            if stop == "," or (stop == "" and name):
                key = self.text[start : self.at].removesuffix(",")
                raise self.fault(f"the key {key!r} has no value.", self._way_to_a_value(key))
            if stop == "[":
                stop = self._indices(path)
            else:
                dots += stop == "."
            if dots > MAX_DEPTH:
                raise self.fault("the path is too deep.", f"Helm allows {MAX_DEPTH} dots in one.")
            if stop != ".":
                return tuple(path), stop

    def _way_to_a_value(self, key: str) -> str:
        if self.flag == "--set-json" and key.startswith("{"):
            return "Helm 3 takes no object without a key: type --set-json 'RELEASE={...}'"
        return f"Type {self.flag} '{key}=VALUE'; write a comma in a value or key as \\,"

    def _indices(self, path: list[Step]) -> str:
        """Append each `[index]` to `path`; return the character after them."""
        stop = "["
        while stop == "[":
            text, closed = self.until("]")
            if not closed and self._dialect.open_indices:
                _end_before(path)
                return ""
            if not closed or not re.fullmatch(r"[-+]?[0-9]+", text) or int(text) < 0:
                raise self.fault(
                    f"[{text} in a path is not an index.",
                    "Use a number from 0, as in list[0].name",
                )
            path.append(int(text))
            junk, stop = self.until("[.=")
            if junk:
                raise self.fault(
                    f"{junk.partition(',')[0]!r} follows the index [{text}].",
                    "Only =, . or another [ may follow an index.",
                )
        return stop


def _end_before(path: list[Step]) -> None:
    """End a path before an index that is not closed: nothing is set at its last name."""
    if isinstance(path[-1], str):
        path[-1:] = [""] if path[:-1] else []
