"""Pure: the status of a custom resource of Strimzi, the operator of Kafka.

This module and `strimzi_specs` alone know Strimzi's kinds. Its conditions, as of release 1.2.0: a
ready resource has `Ready=True` and an `observedGeneration` equal to its generation; a failing
Kafka has `NotReady=True`, a KafkaTopic `Ready=False`. A resource without a status has
not been reconciled yet.
"""

import re
from collections.abc import Callable, Mapping

from learnflow_infra.conditions import condition, describe, holds, is_true
from learnflow_infra.fields import at, count, items, part, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import Status, current, failed, progress, unobserved

GROUP, CORE = "kafka.strimzi.io", "core.strimzi.io"
CLUSTER = "strimzi.io/cluster"
"""The label by which Strimzi's resources name the Kafka that they belong to."""
_PERMANENT = re.compile(
    r"\b(?:InvalidConfigurationException|InvalidConfigParameterException|InvalidResourceException"
    r"|InvalidPartitionsException|InvalidTopicException|PartitionDecreaseException"
    r"|PolicyViolationException|KafkaUpgradeException|UnsupportedKafkaVersionException"
    r"|NoImageException|NotSupported|ResourceConflict)\b"
)
"""Errors in the reason or message of NotReady that no further reconciliation removes.

The User Operator and the Topic Operator wrap them: the reason of a KafkaUser is then
ExecutionException, that of a KafkaTopic KafkaError.
"""
_ERROR = re.compile(r"Exception|Error|Throwable")
_PASSING = re.compile(
    r"Timeout|Connect(?!Rest|or)|Retriable|NotLeader|Coordinator|Unavailable"
    r"|returned (?:409|5\d\d)"
)
"""Words of errors that end by themselves; Kafka Connect answers 409 while it rebalances."""


def rule(group: str, kind: str) -> Callable[[Object], Status] | None:
    """The rule for a kind of Strimzi's; None where the usual conditions suffice."""
    return _RULES.get((group, kind), _RULES.get((group, "")))


def _strimzi(obj: Object) -> Status:
    """A Kafka, KafkaTopic, KafkaUser or another kind with a Ready condition."""
    return _unreconciled(obj) or _reconciled(obj)


def _unreconciled(obj: Object) -> Status | None:
    """The status of a resource that the operator has not reconciled; None of one that it has."""
    if not part(obj, "status"):
        return progress("not observed by its operator yet")
    if holds(obj, "ReconciliationPaused"):
        return progress("its reconciliation is paused (annotation strimzi.io/pause-reconciliation)")
    ready = condition(obj, "Ready")
    trouble = ready if ready.get("status") == "False" else condition(obj, "NotReady")
    if trouble.get("reason") == "Creating":  # it carries observedGeneration 0
        return progress("being created by its operator")
    if unobserved(obj):
        return progress("its operator has not observed the newest spec yet")
    if not trouble:
        return None
    message = describe(trouble)
    return (failed if _PERMANENT.search(message) else progress)(message)


def keeps_refusing(obj: Object) -> bool:
    """Whether an operator reports an error in what it does with Kafka, which it reaches."""
    if obj["kind"] not in {"KafkaUser", "KafkaTopic", "KafkaConnector"}:
        return False
    ready = condition(obj, "Ready")
    trouble = ready if ready.get("status") == "False" else condition(obj, "NotReady")
    reason, words = text(trouble, "reason"), describe(trouble)
    return bool(_ERROR.search(reason)) and not _PASSING.search(words)


def _reconciled(obj: Object) -> Status:
    if not holds(obj, "Ready"):
        return progress("its operator has not reported it as ready yet")
    warnings = [c for c in items(obj, "status", "conditions") if c.get("type") == "Warning"]
    return current("; ".join(["ready", *map(describe, warnings)]))


def _node_pool(obj: Object) -> Status:
    """By `status.nodeIds`, the ids of its nodes: a pool has no Ready condition."""
    unreconciled = _unreconciled(obj)
    if unreconciled:
        return unreconciled
    ids, replicas = at(obj, "status", "nodeIds"), count(obj, "spec", "replicas")
    nodes = len(ids) if isinstance(ids, list) else 0
    return (current if nodes == replicas else progress)(f"{nodes} of {replicas} nodes")


def _pod_set(obj: Object) -> Status:
    """A StrimziPodSet by the counts that the operator writes."""
    pods = len(items(obj, "spec", "pods"))
    if at(obj, "status", "observedGeneration") is None or unobserved(obj):
        return progress("not observed by its operator yet")
    for key, what in (("pods", "created"), ("currentPods", "updated"), ("readyPods", "ready")):
        if count(obj, "status", key) != pods:
            return progress(f"{count(obj, 'status', key)} of {pods} pods {what}")
    return current(f"{pods} of {pods} pods ready")


def _rebalance(obj: Object) -> Status:
    """A KafkaRebalance by its state, the type of a condition; a template has no status.

    Source: KafkaRebalanceState.java of Strimzi.
    """
    if text(obj, "metadata", "annotations", "strimzi.io/rebalance-template") == "true":
        return current("a template")
    unreconciled = _unreconciled(obj)
    if unreconciled:
        return unreconciled
    states = [text(c, "type") for c in items(obj, "status", "conditions") if is_true(c)]
    ended = next((state for state in states if state in _REBALANCED), "")
    return current(ended) if ended else progress(", ".join(states) or "not begun yet")


_REBALANCED = ("Ready", "ProposalReady", "Stopped")
"""States in which the operator waits for somebody, or is done."""
_RULES: Mapping[tuple[str, str], Callable[[Object], Status]] = {
    (GROUP, ""): _strimzi,
    (GROUP, "KafkaNodePool"): _node_pool,
    (GROUP, "KafkaRebalance"): _rebalance,
    (CORE, "StrimziPodSet"): _pod_set,
}
"""By group and kind; the kind "" stands for all others of its group."""
POD_SETS = frozenset({"StrimziPodSet"})
"""Kinds whose controller creates pods."""
