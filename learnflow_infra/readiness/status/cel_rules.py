"""Rules that a skill declares for a kind, in CEL.

As in Flux's `healthCheckExprs`, `inProgress`, `failed` and `current` are evaluated in this
order, and the first true one decides. Until the controller has observed the newest spec, the
object is in progress. Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions
"""

from collections.abc import Callable, Sequence
from functools import partial

from learnflow_infra.clients import cel
from learnflow_infra.conditions import condition, describe
from learnflow_infra.fields import items, text
from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object
from learnflow_infra.readiness.groups import group_of
from learnflow_infra.readiness.states import Status, current, failed, progress, unobserved

_EXPLAINING = ("Ready", "Available", "Stalled", "Reconciling")
"""Conditions whose message explains a state, in order of preference."""


def find(obj: Object, rules: Sequence[ReadyRule]) -> Callable[[Object], Status] | None:
    """The first rule for an object's group and kind, in whichever version it is watched."""
    key = (group_of(text(obj, "apiVersion")), text(obj, "kind"))
    matching = (rule for rule in rules if (group_of(rule.api_version), rule.kind) == key)
    return next((partial(_compute, rule) for rule in matching), None)


def _compute(rule: ReadyRule, obj: Object) -> Status:
    if unobserved(obj):
        return progress("its controller has not observed the newest spec yet")
    for expression, state in (
        (rule.in_progress, progress),
        (rule.failed, failed),
        (rule.current, current),
    ):
        if expression and cel.holds(expression, obj):
            return state("ready" if state is current else _message(obj, expression))
    return progress(_message(obj, f"not yet: {rule.current}"))


def _message(obj: Object, otherwise: str) -> str:
    """The message of a condition of the object, or its phase, or `otherwise`."""
    conditions = [item for item in map(partial(condition, obj), _EXPLAINING) if item]
    conditions += [item for item in items(obj, "status", "conditions") if item not in conditions]
    phase = text(obj, "status", "phase") or text(obj, "status", "state")
    messages = (describe(item) for item in conditions if text(item, "message"))
    return next(messages, phase or otherwise)
