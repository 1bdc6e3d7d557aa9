"""Pure: images of a manifest's pods, and those that its operators start."""

from collections.abc import Iterable, Iterator
from typing import Literal

from learnflow_infra.hooks import is_only_test
from learnflow_infra.objects import Container, Object, PodSpec
from learnflow_infra.pod_specs import pod_specs

_CONTAINERS: tuple[
    Literal["initContainers"], Literal["containers"], Literal["ephemeralContainers"]
] = ("initContainers", "containers", "ephemeralContainers")


def images_of(objects: Iterable[Object]) -> set[str]:
    """The references of every container and image volume, as they are written.

    Pods of `helm test` are left out: a deploy does not run them.
    """
    pods = (pod for obj in objects if not is_only_test(obj) for pod in pod_specs(obj))
    return {image for pod in pods for image in _images(pod)}


def always_pulled(objects: Iterable[Object]) -> set[str]:
    """The references of containers with the pull policy Always, which ask a registry each time."""
    pods = (pod for obj in objects if not is_only_test(obj) for pod in pod_specs(obj))
    containers = (container for pod in pods for container in _containers(pod))
    return {str(c["image"]) for c in containers if c.get("imagePullPolicy") == "Always"}


def by_operator(objects: Iterable[Object], env: str) -> dict[str, str]:
    """Images by key, from lines KEY=IMAGE in the environment variable `env` of any container."""
    lines = [
        line.strip()
        for obj in objects
        for pod in pod_specs(obj)
        for container in _containers(pod)
        for variable in container.get("env") or ()
        if variable.get("name") == env
        for line in str(variable.get("value") or "").splitlines()
    ]
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): image.strip() for key, equals, image in pairs if equals}


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
