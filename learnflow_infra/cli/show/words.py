"""Texts that several renderers share."""

import math
import os
import shlex

from learnflow_infra.events import CauseSeen, StepProgress
from learnflow_infra.remedy import Command, Remedy, Words

INTERRUPTED = (
    "Interrupted. The cluster keeps what was done so far; run the command again to continue."
)
SETTLED = 10.0
"""Seconds that a cause has to last before it is shown, unless it cannot heal: many causes
heal while a pod starts."""
SHORT = {"--namespace": "-n"}
GROUPS = {"bundle", "chart", "cluster"}
"""Verbs that have verbs of their own: `cluster up` is `make cluster-up`."""


_place: dict[str, str] = {}
"""The options of this run that choose the cluster and the namespace."""


def remember_place(context: str | None, namespace: str | None) -> None:
    """Let the commands of texts work in the place in which this run does.

    Args:
        context: of `--context`; None where the default is used.
        namespace: of `--namespace`; None where it is the default.
    """
    _place.clear()
    _place.update({"--context": context} if context else {})
    _place.update({"--namespace": namespace} if namespace else {})


def in_place(text: Words) -> Remedy:
    """A text whose commands name the cluster and the namespace of this run."""
    parts = Remedy(text).parts
    return Remedy(*(part if isinstance(part, str) else _in_place(part) for part in parts))


def typed(text: Words) -> str:
    """A text with its commands as this user types them: by make if that called the program."""
    via_make = "LEARNFLOW_VIA_MAKE" in os.environ
    return in_place(text).render(_by_make if via_make else str)


def _in_place(command: Command) -> Command:
    words = command.arguments
    if words[0] in GROUPS or "--help" in words:
        return command
    missing = [
        (option, value)
        for option, value in _place.items()
        if not {option, SHORT.get(option)} & set(words)
    ]
    return Command(*words, *(word for pair in missing for word in pair))


def _by_make(command: Command) -> str:
    """The target and its ARGS; make expands `$`, and its shell splits ARGS into words."""
    words = 2 if command.arguments[0] in GROUPS else 1
    if any(word.startswith("-") for word in command.arguments[:words]):
        return "make help"  # of a group of verbs, or of the program
    target = "-".join(command.arguments[:words])
    arguments = shlex.join(command.arguments[words:]).replace("$", "$$")
    return f"make {target}" + (f" ARGS={shlex.quote(arguments)}" if arguments else "")


def progress(event: StepProgress) -> str:
    """The progress of a step in a few words."""
    if event.total:
        return f"{event.done / event.total:.0%} {event.note}".strip()
    return event.note


def cause(event: CauseSeen) -> str:
    """A cause in one line: object, message, code, and how long it may heal."""
    return clean(f"{event.object}: {event.message} ({event.code}{_patience(event.grace)})")


def _patience(grace: float) -> str:
    if math.isinf(grace):
        return ""
    return f"; may heal for {grace:.0f} s" if grace > 0 else "; does not heal by itself"


def clean(text: str) -> str:
    """A text of the cluster as one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
