"""Conditions that most controllers and operators write: kinds without rules of their own.

Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions
"""

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    Status,
    condition,
    count,
    current,
    failed,
    holds,
    progress,
    says,
)


def compute(obj: Object) -> Status:
    """By `Reconciling`, `Stalled`, and `Ready` or else `Available`.

    An object with none of them has nothing to tell: it is current once it exists.
    """
    if holds(obj, "Stalled"):
        return failed(says(condition(obj, "Stalled")))
    if holds(obj, "Reconciling"):
        return progress(says(condition(obj, "Reconciling")))
    found = condition(obj, "Ready") or condition(obj, "Available")
    if not found:
        return current("exists")
    if 0 < count(found, "observedGeneration") < count(obj, "metadata", "generation"):
        return progress("its operator has not seen the newest spec yet")
    return current("ready") if found.get("status") == "True" else progress(says(found))
