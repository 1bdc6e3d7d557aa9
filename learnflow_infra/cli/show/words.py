"""Texts that several renderers share."""

import math

from learnflow_infra.events import CauseSeen, StepProgress

INTERRUPTED = (
    "Interrupted. The cluster keeps what was done so far; run the command again to continue."
)
SETTLED = 10.0
"""Seconds that a cause has to last before it is shown, unless it cannot heal: many causes
heal while a pod starts."""


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
