"""Conditions that most controllers and operators write: kinds without rules of their own.

Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions
"""

from learnflow_infra.models import Document
from learnflow_infra.readiness.states import (
    Status,
    behind,
    condition,
    count,
    current,
    failed,
    holds,
    progress,
    says,
)

_LATE = progress("its operator has not seen the newest spec yet")


def compute(obj: Document) -> Status:
    """By `Reconciling`, `Stalled`, and `Ready` or else `Available`.

    An object with none of them has nothing to tell: it is current once it exists.
    """
    if behind(obj):
        return _LATE
    if holds(obj, "Stalled"):
        return failed(says(condition(obj, "Stalled")))
    if holds(obj, "Reconciling"):
        return progress(says(condition(obj, "Reconciling")))
    found = condition(obj, "Ready") or condition(obj, "Available")
    if not found:
        return current("exists")
    if 0 < count(found, "observedGeneration") < count(obj, "metadata", "generation"):
        return _LATE
    return current("ready") if found.get("status") == "True" else progress(says(found))
