"""The status of kinds without rules of their own, by conditions that most controllers write.

Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions
"""

from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    Status,
    condition,
    count,
    current,
    describe,
    failed,
    holds,
    progress,
)


def compute(obj: Object) -> Status:
    """The status by `Stalled`, `Reconciling`, and `Ready` or else `Available`.

    An object with none of these conditions is current once it exists.
    """
    if holds(obj, "Stalled"):
        return failed(describe(condition(obj, "Stalled")))
    if holds(obj, "Reconciling"):
        return progress(describe(condition(obj, "Reconciling")))
    ready = condition(obj, "Ready") or condition(obj, "Available")
    if not ready:
        return current("exists")
    if 0 < count(ready, "observedGeneration") < count(obj, "metadata", "generation"):
        return progress("its operator has not observed the newest spec yet")
    return current("ready") if ready.get("status") == "True" else progress(describe(ready))
