"""Pure: what pods request of a node, in the scheduler's terms.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
and .../sidecar-containers: containers and sidecars run together; each init container runs
beside the sidecars that were started before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from learnflow_infra.hooks import hooks_of
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object, PodSpec, reference
from learnflow_infra.pod_specs import pod_specs, pod_templates, replicas
from learnflow_infra.quantities import quantity
from learnflow_infra.readiness import strimzi_specs

Resources = Mapping[str, float]
"""Amounts in base units (cores, bytes, pieces) by the resource's name; `pods` counts pods."""


_HOOKS = {"pre-install", "post-install", "pre-upgrade", "post-upgrade"}
"""Hooks that a deploy runs."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pods of one specification that a release runs; `owner` is `Kind/name`.

    `labels` are those of new pods, `selector` selects those that exist. `everywhere` marks a
    DaemonSet, which runs a pod on each node that takes it, `hook` one that runs before or after
    the others. `namespace` is "" for that of the release.
    """

    release: ReleaseName
    owner: str
    count: int
    pod: PodSpec
    labels: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    everywhere: bool = False
    hook: bool = False
    namespace: str = ""

    @property
    def preempts(self) -> bool:
        """Whether its pods may displace others, by their priority."""
        return bool(self.pod.get("priorityClassName"))

    @property
    def requests(self) -> Resources:
        """What one of the pods requests."""
        return requested(self.pod)


def workloads(release: ReleaseName, objects: Sequence[Object]) -> Iterator[Workload]:
    """The pods that the objects of a release run, also those of operators of its resources."""
    for obj in objects:
        hooks = hooks_of(obj)
        if hooks and not hooks & _HOOKS:
            continue
        pods = [(replicas(obj), pod, _labels(obj)) for pod in pod_specs(obj)]
        for count, pod, labels in (*pods, *strimzi_specs.pods(obj)):
            yield Workload(
                release=release,
                owner=reference(obj),
                count=count,
                pod=pod,
                labels=labels,
                selector=_selector(obj) or labels,
                everywhere=obj["kind"] == "DaemonSet",
                hook=bool(hooks),
                namespace=obj["metadata"].get("namespace", ""),
            )


def _selector(obj: Object) -> Mapping[str, str]:
    """The labels of the pods that an object has already."""
    if obj["kind"] == "Job":
        return {"batch.kubernetes.io/job-name": obj["metadata"]["name"]}
    selector: Any = (obj.get("spec") or {}).get("selector") or {}
    return selector.get("matchLabels") or {}


def _labels(obj: Object) -> Mapping[str, str]:
    """The labels of the pods of an object."""
    return {
        key: label
        for template in pod_templates(obj)
        for key, label in (template["metadata"].get("labels") or {}).items()
    }


def requested(pod: PodSpec) -> Resources:
    """What a pod requests of its node; it counts as one of the `pods` of a node, too."""
    fields: Any = pod
    own = _of_containers(pod) | _amounts(fields.get("resources"))
    return added(own, _numbers(fields.get("overhead")), {"pods": 1.0})


def _of_containers(pod: PodSpec) -> dict[str, float]:
    sidecars: dict[str, float] = {}
    highest: dict[str, float] = {}
    for container in pod.get("initContainers") or ():
        amounts = _amounts(container.get("resources"))
        beside = added(sidecars, amounts)
        highest = {key: max(highest.get(key, 0), beside.get(key, 0)) for key in highest | beside}
        if container.get("restartPolicy") == "Always":
            sidecars = beside
    main = added(sidecars, *(_amounts(c.get("resources")) for c in pod.get("containers") or ()))
    return {key: max(main.get(key, 0), highest.get(key, 0)) for key in main | highest}


def _amounts(resources: Fields | None) -> dict[str, float]:
    """The requests of a container; a limit without a request is its request, too."""
    resources = resources or {}
    return _numbers(resources.get("limits")) | _numbers(resources.get("requests"))


def _numbers(amounts: Fields | None) -> dict[str, float]:
    return {key: quantity(text) for key, text in (amounts or {}).items() if text is not None}


def added(*parts: Resources) -> dict[str, float]:
    """The sum of resources, by name."""
    total: dict[str, float] = {}
    for part in parts:
        for key, amount in part.items():
            total[key] = total.get(key, 0.0) + amount
    return total
