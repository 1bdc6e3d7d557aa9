"""Words that several renderers say."""

import math

from learnflow_infra.events import CauseSeen, StepProgress

INTERRUPTED = (
    "Interrupted. The cluster is as it was at that moment; run the command again to go on."
)


def progress(event: StepProgress) -> str:
    """How far a step is, in a few words."""
    if event.total:
        return f"{event.done / event.total:.0%} {event.note}".strip()
    return event.note


def cause(event: CauseSeen) -> str:
    """A cause in one line: what is wrong with which object, and how long it may heal."""
    return f"{event.object}: {event.message} ({event.code}{_patience(event.grace)})"


def _patience(grace: float) -> str:
    if math.isinf(grace):
        return ""
    return f"; may heal for {grace:.0f} s" if grace > 0 else "; does not heal by itself"
