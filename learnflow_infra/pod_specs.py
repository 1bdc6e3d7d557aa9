"""Pure: the pods that objects of Kubernetes' own kinds run."""

from collections.abc import Iterator, Mapping
from typing import Any

from learnflow_infra.objects import Object, PodSpec

_PATHS: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
}
"""The path of the pod specification in each kind."""


def pod_specs(obj: Object) -> Iterator[PodSpec]:
    """The pod specification of an object; nothing of a kind without pods."""
    spec: Any = obj
    for key in _PATHS.get(obj["kind"], ()):
        spec = spec.get(key) or {}
    if spec is not obj:
        yield spec


def replicas(obj: Object) -> int:
    """How many pods of an object run at once, by its own specification.

    A CronJob and a PodTemplate run none by themselves; a DaemonSet's number is the nodes'.
    """
    spec: Mapping[str, Any] = obj.get("spec") or {}
    if obj["kind"] in {"CronJob", "PodTemplate"} or spec.get("suspend"):
        return 0
    if obj["kind"] == "Job":
        parallel = _count(spec.get("parallelism"))
        completions = spec.get("completions")
        return parallel if completions is None else min(parallel, _count(completions))
    return _count(spec.get("replicas"))


def _count(number: object) -> int:
    return 1 if number is None else int(str(number))
