"""Custom resources that their operator rejects, or has not acted on."""

import re
from collections.abc import Iterator

from learnflow_infra.fields import count, part
from learnflow_infra.masking import masked
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.readiness.states import Status, is_available, unobserved
from learnflow_infra.readiness.status import conventions
from learnflow_infra.remedy import Command, Remedy

_PATIENCE = 60.0
"""Seconds that a failure may last which is not a refusal of the spec: it may heal."""
_LONG_PATIENCE = 180.0
"""Seconds that an operator may go on reporting an error which it has no name for."""


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each custom resource that is rejected, or not yet observed, by its operator."""
    for obj, status in facts.unready():
        if not is_custom(group_of(obj["apiVersion"])):
            continue
        if status.state == "Failed":
            yield _refused(obj, status, 0 if conventions.refuses(obj) else _PATIENCE)
        elif status.state == "InProgress" and (not part(obj, "status") or unobserved(obj)):
            yield _unobserved(facts, obj)
        elif _FORBIDDEN.search(status.message):
            yield _forbidden(obj, status)
        elif status.state == "InProgress" and strimzi.keeps_refusing(obj):
            yield _refused(obj, status, _LONG_PATIENCE)


_FORBIDDEN = re.compile(r"forbidden: User \"?system:serviceaccount")


def _refused(obj: Object, status: Status, patience: float) -> Cause:
    return Cause(
        code=Code.OperatorRefused,
        object=reference(obj),
        message=f"its operator rejects it: {masked(status.message)}",
        remedy=Remedy("Correct the values that it comes from: ", Command("values")),
        grace=patience,
    )


def _forbidden(obj: Object, status: Status) -> Cause:
    return Cause(
        code=Code.RightsMissing,
        object=reference(obj),
        message=f"its operator lacks rights: {masked(status.message)}",
        remedy="Give the operator's ServiceAccount the role that its chart has for this namespace.",
        grace=_PATIENCE,
    )


def _unobserved(facts: Facts, obj: Object) -> Cause:
    """The cause of a custom resource that its operator has not observed."""
    operators = facts.surroundings("Deployment")
    idle = [item for item in operators if not is_available(item)]
    if not operators or len(idle) < len(operators):
        return Cause(
            code=Code.OperatorSilent,
            object=reference(obj),
            message="its operator has not acted on it yet",
            remedy="See the operator's log.",
        )
    down = idle[0]
    replicas = count(down, "spec", "replicas", default=1)
    name, kubectl = reference(down), f"kubectl -n {facts.evidence.namespace}"
    state = "is scaled to 0" if not replicas else "has no pod that is ready"
    scale = f"{kubectl} scale {name} --replicas=1"
    return Cause(
        code=Code.OperatorNotRunning,
        object=name,
        message=f"the operator of {reference(obj)} {state}",
        remedy=scale if not replicas else f"{kubectl} describe {name}",
    )
