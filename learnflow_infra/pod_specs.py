"""Pure: the pods that objects of Kubernetes' own kinds run."""

from collections.abc import Iterator, Mapping
from typing import Any

from learnflow_infra.objects import Object, PodSpec, PodTemplate

_PATHS: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template"),
    ),
}
"""The path of the pod template in each kind; a pod is its own."""


def pod_templates(obj: Object) -> Iterator[PodTemplate]:
    """The `metadata` and `spec` of the pods of an object; nothing of a kind without pods."""
    if obj["kind"] in _PATHS:
        template: Any = obj
        for key in _PATHS[obj["kind"]]:
            template = template.get(key) or {}
        metadata: Any = template.get("metadata") or {}
        spec: Any = template.get("spec") or {}
        yield {"metadata": metadata, "spec": spec}


def pod_specs(obj: Object) -> Iterator[PodSpec]:
    """The pod specification of an object; nothing of a kind without pods."""
    for template in pod_templates(obj):
        yield template["spec"]


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
