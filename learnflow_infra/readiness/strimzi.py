"""Pure: the custom resources of Strimzi, the operator of Kafka.

Its conditions are a language of its own (as seen of 1.2.0): ready is `Ready=True` with
`observedGeneration` equal to the generation; trouble of a Kafka is `NotReady=True`, of a
KafkaTopic `Ready=False`; no status at all means that nothing has begun.
"""

from collections.abc import Callable, Mapping, Sequence

from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.states import (
    Status,
    at,
    behind,
    condition,
    count,
    current,
    failed,
    holds,
    items,
    part,
    progress,
    says,
    text,
)

CLUSTER = "strimzi.io/cluster"
"""The label by which Strimzi's resources name the Kafka that they belong to."""
_PERMANENT = (
    "InvalidConfigurationException",
    "InvalidConfigParameterException",
    "InvalidResourceException",
    "KafkaUpgradeException",
    "UnsupportedKafkaVersionException",
    "NotSupported",
    "ResourceConflict",
)
"""Reasons of NotReady that the next attempt of the operator meets again: the spec is wrong."""
_PERMANENT_ERRORS = ("InvalidConfigurationException", "InvalidPartitionsException")
"""The same, named only in the message of a KafkaTopic (whose reason is then KafkaError)."""


def rule(group: str, kind: str) -> Callable[[Object], Status] | None:
    """The rule for a kind of Strimzi's; None for others, and where the usual conditions do."""
    return _RULES.get((group, kind), _RULES.get((group, "")))


def _strimzi(obj: Object) -> Status:
    """Kafka, KafkaTopic, KafkaUser and the like."""
    return _trouble(obj) or _settled(obj)


def _trouble(obj: Object) -> Status | None:
    """What keeps the operator from being done; None where nothing does."""
    if not part(obj, "status"):
        return progress("not seen by its operator yet")
    if holds(obj, "ReconciliationPaused"):
        return progress(
            "its operator is told to pause (annotation strimzi.io/pause-reconciliation)"
        )
    ready = condition(obj, "Ready")
    trouble = ready if ready.get("status") == "False" else condition(obj, "NotReady")
    if trouble.get("reason") == "Creating":  # it carries observedGeneration 0
        return progress("being created by its operator")
    if behind(obj):
        return progress("its operator has not seen the newest spec yet")
    if not trouble:
        return None
    words = says(trouble)
    wrong = trouble.get("reason") in _PERMANENT or any(name in words for name in _PERMANENT_ERRORS)
    return failed(words) if wrong else progress(words)


def _settled(obj: Object) -> Status:
    if not holds(obj, "Ready"):
        return progress("its operator does not say yet that it is ready")
    warnings = [c for c in items(obj, "status", "conditions") if c.get("type") == "Warning"]
    return current("; ".join(["ready", *map(says, warnings)]))


def _node_pool(obj: Object) -> Status:
    """A pool has no Ready condition: the operator writes which nodes it has."""
    trouble = _trouble(obj)
    if trouble:
        return trouble
    found, wanted = at(obj, "status", "nodeIds"), count(obj, "spec", "replicas")
    nodes = len(found) if isinstance(found, list) else 0
    return (current if nodes == wanted else progress)(f"{nodes} of {wanted} nodes")


def _pod_set(obj: Object) -> Status:
    wanted = len(items(obj, "spec", "pods"))
    if at(obj, "status", "observedGeneration") is None or behind(obj):
        return progress("not seen by its operator yet")
    for key, what in (("pods", "made"), ("currentPods", "updated"), ("readyPods", "ready")):
        if count(obj, "status", key) != wanted:
            return progress(f"{count(obj, 'status', key)} of {wanted} pods {what}")
    return current(f"{wanted} of {wanted} pods ready")


_KAFKA, _CORE = "kafka.strimzi.io", "core.strimzi.io"
_RULES: Mapping[tuple[str, str], Callable[[Object], Status] | None] = {
    (_KAFKA, ""): _strimzi,
    (_KAFKA, "KafkaNodePool"): _node_pool,
    (_KAFKA, "KafkaRebalance"): None,
    (_CORE, "StrimziPodSet"): _pod_set,
}
"""By group and kind; "" for those of a group that are not named."""

MADE: Mapping[tuple[str, str], tuple[str, str]] = {
    (_KAFKA, "KafkaNodePool"): (f"{_CORE}/v1", "StrimziPodSet"),
}
"""A kind, and the apiVersion and kind of what its operator makes of it, pods apart."""
JUDGED_TOGETHER = frozenset({"KafkaNodePool", "StrimziPodSet"})
"""Kinds whose status depends on another object's."""
POD_SETS = frozenset({"StrimziPodSet"})
"""Kinds of which pods are made directly."""


def made_name(obj: Object) -> str:
    """The name of the StrimziPodSet that the operator makes of a KafkaNodePool."""
    return f"{text(obj, 'metadata', 'labels', CLUSTER)}-{text(obj, 'metadata', 'name')}"


def outdated(objects: Sequence[Object]) -> list[Object]:
    """StrimziPodSets that do not have what their KafkaNodePool asks of them.

    The operator says that it has seen a pool's spec before it has carried it to the set of
    pods. Annotations that the pool's template gives the set (`spec.template.podSet`) tell.
    """
    pools = {made_name(obj): obj for obj in objects if obj.get("kind") == "KafkaNodePool"}
    sets = (obj for obj in objects if obj.get("kind") == "StrimziPodSet")
    asked = ((obj, pools.get(text(obj, "metadata", "name"))) for obj in sets)
    return [obj for obj, pool in asked if pool and not _asked(pool) <= _annotations(obj)]


def _asked(pool: Object) -> set[tuple[str, str]]:
    return _annotations(part(pool, "spec", "template", "podSet"))


def _annotations(obj: Object | Fields) -> set[tuple[str, str]]:
    return {(key, str(value)) for key, value in part(obj, "metadata", "annotations").items()}
