"""What a deploy says before it changes anything."""

from collections.abc import Sequence

from learnflow_infra.engine.release.compare import Comparison
from learnflow_infra.engine.request import reuse
from learnflow_infra.events import Emit, Message
from learnflow_infra.values import previous


def dropped(comparisons: Sequence[Comparison], emit: Emit) -> None:
    """Name, in one line, the values of the last deploy that this one drops or changes back."""
    keys = [key for item in comparisons for key in dropped_keys(item)]
    if keys:
        emit(Message(text=previous.line(keys)))


def dropped_keys(item: Comparison) -> list[str]:
    """The keys of the last deployed values that this run drops, though nobody asked for it."""
    base, prepared = item.observed.baseline, item.prepared
    if base is None:
        return []
    own = reuse.own_images(prepared.source, base.values)
    return previous.dropped(base.values, prepared.computed, own)
