"""Pure: custom resources to their status, by the conditions that their operators write.

Strimzi's are a language of its own (as seen of 1.2.0): ready is `Ready=True` with
`observedGeneration` equal to the generation; trouble of a Kafka is `NotReady=True`, of a
KafkaTopic `Ready=False`; no status at all means that nothing has begun.
"""

from collections.abc import Callable, Mapping, Sequence

from learnflow_infra.models import Document
from learnflow_infra.readiness.states import (
    Status,
    behind,
    condition,
    current,
    failed,
    progress,
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


def compute(obj: Document) -> Status | None:
    """The status of a custom resource; None for the kinds of Kubernetes itself."""
    group = obj.get("apiVersion", "").rpartition("/")[0]
    if not is_custom(group):
        return None
    rule = _RULES.get((group, obj["kind"]), _by_convention)
    return rule(obj)


def is_custom(group: str) -> bool:
    """Tell an API group that a CRD serves from those of Kubernetes itself."""
    return "." in group and not group.endswith(".k8s.io")


def _by_convention(obj: Document) -> Status:
    """`Ready` or `Available`, as most operators have it; one without either has nothing to tell."""
    if behind(obj):
        return progress("its operator has not seen the newest spec yet")
    found = condition(obj, "Ready") or condition(obj, "Available")
    if condition(obj, "Stalled").get("status") == "True":
        return failed(_says(condition(obj, "Stalled")))
    if not found:
        return current("exists")
    if found.get("observedGeneration", 0) not in {0, obj["metadata"].get("generation", 0)}:
        return progress("its operator has not seen the newest spec yet")
    return current("ready") if found["status"] == "True" else progress(_says(found))


def _says(found: Document) -> str:
    parts = (found.get("reason"), found.get("message"))
    return ": ".join(str(part) for part in parts if part) or f"{found['type']}={found['status']}"


def _strimzi(obj: Document) -> Status:
    """Kafka, KafkaTopic, KafkaUser and the like."""
    return _trouble(obj) or _settled(obj)


def _trouble(obj: Document) -> Status | None:
    """What keeps the operator from being done; None where nothing does."""
    if not obj.get("status"):
        return progress("not seen by its operator yet")
    if condition(obj, "ReconciliationPaused").get("status") == "True":
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
    text = _says(trouble)
    wrong = trouble.get("reason") in _PERMANENT or any(name in text for name in _PERMANENT_ERRORS)
    return failed(text) if wrong else progress(text)


def _settled(obj: Document) -> Status:
    if condition(obj, "Ready").get("status") != "True":
        return progress("its operator does not say yet that it is ready")
    warnings = [c for c in obj["status"]["conditions"] if c["type"] == "Warning"]
    return current("; ".join(["ready", *map(_says, warnings)]))


def _node_pool(obj: Document) -> Status:
    """A pool has no Ready condition: the operator writes which nodes it has."""
    trouble = _trouble(obj)
    if trouble:
        return trouble
    nodes, wanted = len(obj["status"].get("nodeIds", ())), obj["spec"]["replicas"]
    return (current if nodes == wanted else progress)(f"{nodes} of {wanted} nodes")


def _pod_set(obj: Document) -> Status:
    status, wanted = obj.get("status", {}), len(obj["spec"]["pods"])
    if "observedGeneration" not in status or behind(obj):
        return progress("not seen by its operator yet")
    for count, what in (("pods", "made"), ("currentPods", "updated"), ("readyPods", "ready")):
        if status.get(count, 0) != wanted:
            return progress(f"{status.get(count, 0)} of {wanted} pods {what}")
    return current(f"{wanted} of {wanted} pods ready")


_KAFKA, _CORE = "kafka.strimzi.io", "core.strimzi.io"
_RULES: dict[tuple[str, str], Callable[[Document], Status]] = {
    (_KAFKA, "Kafka"): _strimzi,
    (_KAFKA, "KafkaTopic"): _strimzi,
    (_KAFKA, "KafkaUser"): _strimzi,
    (_KAFKA, "KafkaNodePool"): _node_pool,
    (_CORE, "StrimziPodSet"): _pod_set,
}

MADE: Mapping[tuple[str, str], tuple[str, str]] = {
    (_KAFKA, "KafkaNodePool"): (f"{_CORE}/v1", "StrimziPodSet"),
}
"""A kind, and the apiVersion and kind of what its operator makes of it, pods apart."""


def made_name(obj: Document) -> str:
    """The name of the StrimziPodSet that the operator makes of a KafkaNodePool."""
    return f"{(obj['metadata'].get('labels') or {}).get(CLUSTER, '')}-{obj['metadata']['name']}"


def outdated(objects: Sequence[Document]) -> set[str]:
    """Names of StrimziPodSets that do not have what their KafkaNodePool asks of them.

    The operator says that it has seen a pool's spec before it has carried it to the set of
    pods. Annotations that the pool's template gives the set (`spec.template.podSet`) tell.
    """
    pools = {made_name(obj): obj for obj in objects if obj["kind"] == "KafkaNodePool"}
    sets = (obj for obj in objects if obj["kind"] == "StrimziPodSet")
    return {
        pod_set["metadata"]["name"]
        for pod_set in sets
        if pod_set["metadata"]["name"] in pools
        and not _asked(pools[pod_set["metadata"]["name"]]) <= _annotations(pod_set["metadata"])
    }


def _asked(pool: Document) -> set[tuple[str, str]]:
    template = pool["spec"].get("template", {}).get("podSet", {})
    return _annotations(template.get("metadata", {}))


def _annotations(metadata: Document) -> set[tuple[str, str]]:
    return set((metadata.get("annotations") or {}).items())
