"""Rules that a skill declares for a kind, in CEL.

As `healthCheckExprs` of Flux: `inProgress` is asked first, then `failed`, then `current`;
the first that is true decides. None is asked while the controller has not seen the newest
spec. Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions
"""

from collections.abc import Callable, Sequence
from functools import partial

from learnflow_infra.clients import cel
from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import (
    Status,
    behind,
    condition,
    current,
    failed,
    items,
    progress,
    says,
    text,
)

_TELLING = ("Ready", "Available", "Stalled", "Reconciling")
"""Conditions whose words explain a state, the best first."""


def find(obj: Object, rules: Sequence[ReadyRule]) -> Callable[[Object], Status] | None:
    """The first rule for an object's apiVersion and kind."""
    key = (obj.get("apiVersion"), obj.get("kind"))
    found = (rule for rule in rules if (rule.api_version, rule.kind) == key)
    return next((partial(_compute, rule) for rule in found), None)


def _compute(rule: ReadyRule, obj: Object) -> Status:
    if behind(obj):
        return progress("its controller has not seen the newest spec yet")
    for expression, state in (
        (rule.in_progress, progress),
        (rule.failed, failed),
        (rule.current, current),
    ):
        if expression and cel.holds(expression, obj):
            return state("ready" if state is current else _words(obj, expression))
    return progress(_words(obj, f"not yet: {rule.current}"))


def _words(obj: Object, otherwise: str) -> str:
    """What the object says of itself: a condition, its phase; else the rule's own words."""
    told = [found for found in map(partial(condition, obj), _TELLING) if found]
    told += [item for item in items(obj, "status", "conditions") if item not in told]
    phase = text(obj, "status", "phase") or text(obj, "status", "state")
    return next((says(item) for item in told if text(item, "message")), phase or otherwise)
