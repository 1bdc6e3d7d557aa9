"""Pure: the pods and the volumes that Strimzi's operator will make of a resource's spec.

Source: https://strimzi.io/docs/operators/1.2.0/configuring, the schemas of each kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from learnflow_infra.objects import Object, PodSpec
from learnflow_infra.readiness.groups import group_of
from learnflow_infra.readiness.states import count, items, part, text
from learnflow_infra.readiness.strimzi import CLUSTER, GROUP

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
