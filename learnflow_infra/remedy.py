"""Texts for users, in which commands of this program are argument lists."""

import itertools
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

PROGRAM = "learnflow-infra"
HIDDEN = "<secret>"
"""Stands for a secret in a command. A shell takes it for a redirection and refuses it."""


def quoted(word: str) -> str:
    """A word for a shell; `HIDDEN` in it stays bare, so that the command cannot be run with it."""
    return HIDDEN.join(shlex.quote(part) if part else "" for part in word.split(HIDDEN)) or "''"


@dataclass(frozen=True, init=False)
class Command:
    """A command of this program: `Command("cluster", "up", "--name", "learnflow")`."""

    arguments: tuple[str, ...]

    def __init__(self, *arguments: str) -> None:
        object.__setattr__(self, "arguments", arguments)

    def __str__(self) -> str:
        """The command line for a shell."""
        return " ".join(map(quoted, (PROGRAM, *self.arguments)))


@dataclass(frozen=True, init=False)
class Remedy:
    """What to do next: text with commands of this program.

    `Remedy("Start it: ", Command("cluster", "up"))`. A command of another program is text.
    The command line renders it for users of make or of the program: see `render`.
    """

    parts: tuple[str | Command, ...]

    def __init__(self, *parts: "str | Command | Remedy") -> None:
        object.__setattr__(self, "parts", tuple(_merged(parts)))

    def format(self, **values: str) -> "Remedy":
        """Replace placeholders in text and arguments, as `str.format` does."""
        return Remedy(
            *(
                part.format(**values)
                if isinstance(part, str)
                else Command(*(argument.format(**values) for argument in part.arguments))
                for part in self.parts
            )
        )

    def fill(self, **values: str) -> "Remedy":
        """Replace `${name}` in text; other `$` and all braces stay, as shells need them."""
        return Remedy(
            *(_filled(part, values) if isinstance(part, str) else part for part in self.parts)
        )

    def render(self, command: Callable[[Command], str]) -> str:
        """The text, with each command formatted by `command`."""
        return "".join(part if isinstance(part, str) else command(part) for part in self.parts)

    def __str__(self) -> str:
        """The text for users who call the program directly, not by make."""
        return self.render(str)

    def __bool__(self) -> bool:
        """Whether there is any text."""
        return bool(self.parts)

    def document(self) -> list[Any]:
        """The parts as JSON: a string, or `{"command": [argument, ...]}`."""
        return [
            part if isinstance(part, str) else {"command": [*part.arguments]} for part in self.parts
        ]

    @classmethod
    def from_document(cls, document: str | Sequence[Any]) -> Self:
        """The reverse of `document`; a string is a remedy without a command."""
        parts = [document] if isinstance(document, str) else document
        return cls(
            *(part if isinstance(part, str) else Command(*part["command"]) for part in parts)
        )


Words = str | Remedy
"""Text for users, with or without commands of this program."""


def join_lines(*texts: Words) -> Words:
    """The non-empty texts on separate lines; a string if there is no command in them."""
    parts = [part for text in texts if text for part in ("\n", text)]
    joined = Remedy(*parts[1:])
    return joined if any(isinstance(part, Command) for part in joined.parts) else str(joined)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _merged(parts: Sequence[str | Command | Remedy]) -> Iterator[str | Command]:
    """The parts, flattened, with adjacent texts joined."""
    text = ""
    for part in itertools.chain.from_iterable(map(_flat, parts)):
        if isinstance(part, str):
            text += part
        else:
            yield from (text, part) if text else (part,)
            text = ""
    if text:
        yield text


def _flat(part: str | Command | Remedy) -> Sequence[str | Command]:
    return part.parts if isinstance(part, Remedy) else (part,)
