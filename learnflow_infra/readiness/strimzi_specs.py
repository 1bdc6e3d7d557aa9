"""Pure: what Strimzi's operator makes of a resource's spec, and whether it has made it.

Source: https://strimzi.io/docs/operators/1.2.0/configuring, the schemas of each kind.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from learnflow_infra.conditions import describe
from learnflow_infra.fields import at, count, items, part, text
from learnflow_infra.objects import Fields, Object, PodSpec
from learnflow_infra.readiness.groups import group_of
from learnflow_infra.readiness.states import Status, failed, progress
from learnflow_infra.readiness.strimzi import CLUSTER, CORE, GROUP

_WORKERS = ("KafkaNodePool", "KafkaConnect", "KafkaBridge", "KafkaMirrorMaker2")
"""Kinds with `replicas` and `resources` directly below their `spec`."""
_OF_CLUSTER: Mapping[str, tuple[str, ...]] = {
    "entityOperator": ("topicOperator", "userOperator"),
    "kafkaExporter": ("",),
    "cruiseControl": ("",),
}
"""Deployments of a Kafka by their key, and their containers' keys ("" for its own resources)."""
_CLAIM = "persistent-claim"
_POOL = "strimzi.io/pool-name"
_PLACED = ("affinity", "tolerations", "priorityClassName")
_REVERTED = "ScaleDownPreventionCheck"
"""Reason of a Warning of a Kafka: a pool keeps nodes that still hold partitions."""


def pods(obj: Object) -> Iterator[tuple[int, PodSpec, Mapping[str, str]]]:
    """The pods that the operator will run for a resource: number, specification and labels."""
    if not _ours(obj):
        return
    spec = part(obj, "spec")
    if obj["kind"] in _WORKERS:
        yield count(obj, "spec", "replicas", default=1), _pod(spec, [spec]), _labels(obj)
    elif obj["kind"] == "Kafka":
        for key, names in _OF_CLUSTER.items():
            if spec.get(key) is not None:
                own = part(spec, key)
                containers = [part(own, name) if name else own for name in names]
                yield 1, _pod(own, containers), _labels(obj)


def _labels(obj: Object) -> Mapping[str, str]:
    cluster, name = text(obj, "metadata", "labels", CLUSTER), text(obj, "metadata", "name")
    return {CLUSTER: cluster or name, **({_POOL: name} if obj["kind"] == "KafkaNodePool" else {})}


def _pod(spec: Mapping[str, Any], containers: Sequence[Any]) -> PodSpec:
    template: Any = part(spec, "template", "pod")
    placed = {key: template[key] for key in _PLACED if key in template}
    resources = [{"name": "", "resources": part(item, "resources")} for item in containers]
    return {**placed, "containers": resources}  # type: ignore[typeddict-item]


def claims(obj: Object) -> Iterator[tuple[str, int, Object]]:
    """The claims that the operator makes for a node pool: prefix of their names, count, claim.

    A claim is called `<prefix><id of the node>`.
    """
    if not _ours(obj) or obj["kind"] != "KafkaNodePool":
        return
    cluster, pool = text(obj, "metadata", "labels", CLUSTER), text(obj, "metadata", "name")
    storage = part(obj, "spec", "storage")
    jbod = storage.get("type") == "jbod"
    for volume in items(storage, "volumes") if jbod else [storage]:
        if volume.get("type") == _CLAIM:
            name = f"data-{volume['id']}" if jbod else "data"
            prefix = f"{name}-{cluster}-{pool}-"
            yield prefix, count(obj, "spec", "replicas", default=1), _claim(prefix, volume)


def _claim(name: str, volume: Mapping[str, Any]) -> Object:
    spec: dict[str, Any] = {"resources": {"requests": {"storage": volume.get("size", 0)}}}
    if volume.get("class") is not None:
        spec["storageClassName"] = volume["class"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": spec,
    }


def _ours(obj: Object) -> bool:
    return group_of(obj["apiVersion"]) == GROUP


def created(obj: Object) -> tuple[str, str, str] | None:
    """The apiVersion, kind and name of the object that the operator creates for this one.

    For a KafkaNodePool, that is a StrimziPodSet; for other kinds, only pods are awaited.
    """
    if not _ours(obj) or obj["kind"] != "KafkaNodePool":
        return None
    return f"{CORE}/v1", "StrimziPodSet", _pod_set_name(obj)


def _pod_set_name(pool: Object) -> str:
    return f"{text(pool, 'metadata', 'labels', CLUSTER)}-{text(pool, 'metadata', 'name')}"


def depends_on_others(obj: Object) -> bool:
    """Whether the object's status depends on other objects, too: see `adjusted`."""
    return obj["kind"] in {"Kafka", "KafkaNodePool", "StrimziPodSet"}


def adjusted(objects: Sequence[Object]) -> dict[int, Status]:
    """By `id`, the statuses of objects that depend on others: see `outdated` and `_reverted`."""
    late = progress("its operator has not updated it to the newest spec yet")
    return {id(obj): late for obj in outdated(objects)} | _reverted(objects)


def outdated(objects: Sequence[Object]) -> list[Object]:
    """StrimziPodSets that lack annotations of their KafkaNodePool's newest spec.

    The operator updates the pool's `observedGeneration` before it updates the set of pods, so
    that the annotations of `spec.template.podSet` show whether the set is up to date.
    """
    pools = {_pod_set_name(obj): obj for obj in objects if obj.get("kind") == "KafkaNodePool"}
    sets = (obj for obj in objects if obj.get("kind") == "StrimziPodSet")
    pairs = ((obj, pools.get(text(obj, "metadata", "name"))) for obj in sets)
    return [obj for obj, pool in pairs if pool and not _desired(pool) <= _annotations(obj)]


def _reverted(objects: Sequence[Object]) -> dict[int, Status]:
    """By `id`, pools whose operator keeps more nodes than they ask for: it never removes them."""
    warnings = {
        text(obj, "metadata", "name"): describe(item)
        for obj in objects
        if obj.get("kind") == "Kafka"
        for item in items(obj, "status", "conditions")
        if item.get("reason") == _REVERTED
    }
    pools = (obj for obj in objects if obj.get("kind") == "KafkaNodePool" and _too_many(obj))
    named = ((obj, warnings.get(text(obj, "metadata", "labels", CLUSTER))) for obj in pools)
    return {id(obj): failed(warning) for obj, warning in named if warning}


def _too_many(pool: Object) -> bool:
    ids = at(pool, "status", "nodeIds")
    return isinstance(ids, list) and len(ids) > count(pool, "spec", "replicas")


def parts_of(changed: Iterable[Object], objects: Iterable[Object]) -> list[Object]:
    """The objects that belong to one of these Kafkas, by their label.

    The operator holds a lock for a Kafka while it waits for pods: until then, these objects
    are those of the spec before.
    """
    kafkas = {text(obj, "metadata", "name") for obj in changed if obj["kind"] == "Kafka"}
    if not kafkas:
        return []
    return [obj for obj in objects if text(obj, "metadata", "labels", CLUSTER) in kafkas]


def _desired(pool: Object) -> set[tuple[str, str]]:
    return _annotations(part(pool, "spec", "template", "podSet"))


def _annotations(obj: Object | Fields) -> set[tuple[str, str]]:
    return {(key, str(value)) for key, value in part(obj, "metadata", "annotations").items()}
