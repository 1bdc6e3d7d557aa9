"""Pure: images of a manifest's pods, and those that its operators start."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from learnflow_infra.objects import Container, Object, PodSpec

HOOK = "helm.sh/hook"
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
}
"""The path of the pod specification in each kind."""
_CONTAINERS: tuple[
    Literal["initContainers"], Literal["containers"], Literal["ephemeralContainers"]
] = ("initContainers", "containers", "ephemeralContainers")


def images_of(objects: Iterable[Object]) -> set[str]:
    """The references of every container and image volume, as they are written.

    Pods of `helm test` are left out: a deploy does not run them.
    """
    pods = (pod for obj in objects if not _only_test(obj) for pod in _pods(obj))
    return {image for pod in pods for image in _images(pod)}


def by_operator(objects: Iterable[Object], env: str) -> dict[str, str]:
    """Images by key, from lines KEY=IMAGE in the environment variable `env` of any container."""
    lines = [
        line.strip()
        for obj in objects
        for pod in _pods(obj)
        for container in _containers(pod)
        for variable in container.get("env") or ()
        if variable.get("name") == env
        for line in str(variable.get("value") or "").splitlines()
    ]
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): image.strip() for key, equals, image in pairs if equals}


def _only_test(obj: Object) -> bool:
    hooks = str((obj["metadata"].get("annotations") or {}).get(HOOK, ""))
    return bool(hooks) and {hook.strip() for hook in hooks.split(",")} <= {"test", "test-success"}


def _pods(obj: Object) -> Iterator[PodSpec]:
    spec: Any = obj
    for key in _TEMPLATES.get(obj["kind"], ()):
        spec = spec.get(key) or {}
    if spec is not obj:
        yield spec


def _containers(pod: PodSpec) -> Iterator[Container]:
    for part in _CONTAINERS:
        yield from pod.get(part) or ()


def _images(pod: PodSpec) -> Iterator[str]:
    for container in _containers(pod):
        if container.get("image"):
            yield str(container["image"])
    for volume in pod.get("volumes") or ():
        if (volume.get("image") or {}).get("reference"):
            yield str(volume["image"]["reference"])
