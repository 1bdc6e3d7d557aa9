"""Pure: how long a pod without a readiness probe has to stay ready.

It is ready as soon as its containers run, also in the second before they end.
"""

from collections.abc import Iterable

from learnflow_infra.fields import at, items, text
from learnflow_infra.objects import Object
from learnflow_infra.timestamps import seconds_of

PROBELESS = 5.0
"""Seconds for which a container without a probe has to run."""


def seconds(objects: Iterable[Object], now: float) -> float:
    """How long these objects have to stay ready.

    Args:
        objects: of a release.
        now: the time, in seconds since 1970; that of the nodes may differ from it.
    """
    pods = (obj for obj in objects if obj["kind"] == "Pod")
    starts = [start for pod in pods for start in _starts(pod)]
    return PROBELESS if any(abs(now - start) < 2 * PROBELESS for start in starts) else 0.0


def _starts(pod: Object) -> list[float]:
    """When the running containers without a readiness probe were started."""
    probed = {c.get("name") for c in items(pod, "spec", "containers") if c.get("readinessProbe")}
    return [
        seconds_of(text(item, "state", "running", "startedAt"))
        for item in items(pod, "status", "containerStatuses")
        if at(item, "state", "running") and item.get("name") not in probed
    ]
