"""Causes in order: roots first, those of replicas merged, symptoms of a known root left out."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from learnflow_infra.masking import masked
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code, rank
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.causes.relations import Relations
from learnflow_infra.readiness.states import owner_uids

_SYMPTOMS: Mapping[str, AbstractSet[Code]] = {
    Code.ClaimNoStorageClass: {Code.PodUnschedulable, Code.ClaimPending},
    Code.ClaimNoProvisioner: {Code.PodUnschedulable, Code.ClaimPending},
    Code.NodeNotReady: {Code.ProbeFailing},
}
"""The symptoms of a cause in the pods that need its object: their claim, or their node."""
_OPERATORS = {Code.OperatorNotRunning, Code.OperatorRefused}
"""Causes for which an operator does not create pods, or sets of them."""
_GENERAL = Code.RolloutStuck
"""The causes of its pods, and of its operator, are more specific."""


def ranked(facts: Facts, causes: Sequence[Cause]) -> list[Cause]:
    """The causes in order; without any, NotReady for each unready object."""
    relations = Relations(facts)
    kept = [cause for cause in causes if not _is_symptom(cause, causes, relations)]
    merged = _merged(facts, kept)
    unexplained = [
        Cause(
            code=Code.NotReady,
            object=reference(obj),
            message=message,
            evidence=facts.warning(obj),
        )
        for obj, message in _waiting(facts)
    ]
    return ordered(map(_safe, merged or unexplained))


def ordered(causes: Iterable[Cause]) -> list[Cause]:
    """The causes with the roots first."""
    return sorted(causes, key=lambda cause: rank(cause.code))


def _is_symptom(cause: Cause, causes: Sequence[Cause], relations: Relations) -> bool:
    return any(_explains(root, cause, relations) for root in causes)


def _explains(root: Cause, cause: Cause, relations: Relations) -> bool:
    """Whether a cause is the root of another one: a symptom of the same object or pod."""
    if cause.code == _GENERAL:
        return root.code != _GENERAL and cause.object in relations.owners(root.object)
    if root.code in _OPERATORS:
        return _by_operator(root, cause)
    symptoms = _SYMPTOMS.get(root.code, frozenset())
    return cause.code in symptoms and root.object in relations.needs(cause.object)


def _by_operator(root: Cause, cause: Cause) -> bool:
    if cause.code == Code.OperatorSilent:
        return root.code == Code.OperatorNotRunning
    kind = cause.object.partition("/")[0]
    return cause.code == Code.ObjectMissing and kind in strimzi.POD_SETS


def _safe(cause: Cause) -> Cause:
    """The cause without secrets in its texts."""
    evidence = tuple(map(masked, cause.evidence))
    return dataclasses.replace(cause, message=masked(cause.message), evidence=evidence)


def _merged(facts: Facts, causes: Iterable[Cause]) -> list[Cause]:
    """One cause for replicas with the same cause: that of the first by name."""
    owners = {reference(obj): _owner(obj) for obj, _ in facts.evidence.states}
    groups: dict[tuple[str, str, str], list[Cause]] = {}
    for cause in causes:
        own = dataclasses.replace(cause, owner=owners.get(cause.object, ""))
        groups.setdefault((own.code, own.owner or own.object, own.container), []).append(own)
    return [_one(sorted(group, key=lambda cause: cause.object)) for group in groups.values()]


def _one(group: list[Cause]) -> Cause:
    first, others = group[0], sorted({c.object for c in group} - {group[0].object})
    if not others:
        return first
    return dataclasses.replace(first, message=f"{first.message} (also {', '.join(others)})")


def _owner(obj: Object) -> str:
    owners = obj["metadata"].get("ownerReferences") or ()
    if not owners or obj["kind"] != "Pod":
        return ""
    return f"{owners[0].get('kind', '')}/{owners[0].get('name', '')}"


def _waiting(facts: Facts) -> list[tuple[Object, str]]:
    """Unready objects that own no unready object."""
    unready = [(obj, status.message) for obj, status in facts.unready()]
    owners = {uid for obj, _ in unready for uid in owner_uids(obj)}
    return [(obj, text) for obj, text in unready if obj["metadata"].get("uid") not in owners]
