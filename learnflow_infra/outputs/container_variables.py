"""Pure: what a container of a manifest gets in its environment, and from which Secret.

Source: EnvVar, EnvFromSource, VolumeMount and SecretVolumeSource of Kubernetes' core/v1. By the
convention of many images, NAME_FILE names a file that holds the value of NAME.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from learnflow_infra.models import Variables
from learnflow_infra.objects import Fields, Object

Read = Callable[[str], Mapping[str, str]]
"""`data` of the ConfigMap of a name; empty if there is none."""
_FILE = "_FILE"


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """A key of a Secret."""

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Server:
    """A container of a manifest, with its pod: the pod's labels, and `spec`."""

    labels: Mapping[str, str]
    pod: Fields
    container: Fields


def servers(rendered: Sequence[Object], labels: Mapping[str, str], port: str) -> list[Server]:
    """The containers with a port of that name or number, in pods with these labels.

    Args:
        rendered: the manifest; its pod templates and bare pods count.
        labels: which the pods must have.
        port: `ports[].name` or `.containerPort`; if none has it, each pod's first container
            is returned, as `ports` is optional in Kubernetes.
    """
    pods = [
        (own, spec) for own, spec in map(_pod, rendered) if spec and labels.items() <= own.items()
    ]
    found = [
        Server(labels=own, pod=spec, container=container)
        for own, spec in pods
        for container in spec.get("containers", ())
        if any(
            port in {entry.get("name"), str(entry.get("containerPort"))}
            for entry in container.get("ports") or ()
        )
    ]
    return found or [
        Server(labels=own, pod=spec, container=spec["containers"][0])
        for own, spec in pods
        if spec.get("containers")
    ]


def resolve(server: Server, variables: Variables, read: Read) -> str | SecretKey:
    """The value of the first of these variables that is set, or the key that it comes from.

    Later entries of `env` replace earlier ones, and all of them those of `envFrom`.

    Args:
        server: the container.
        variables: their names, and the value if none is set.
        read: reads a ConfigMap.
    """
    for name in variables.names:
        for value in _values(server, name, read):
            if value:
                return value
    return variables.default


def secret_keys(rendered: Sequence[Object], secret: str) -> set[str]:
    """The keys of a Secret that the pods of a manifest need: in variables, volumes and files."""
    found: set[str] = set()
    for labels, spec in map(_pod, rendered):
        containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
        for container in containers:
            found |= _keys_of(Server(labels=labels, pod=spec, container=container), secret)
        for volume in spec.get("volumes") or ():
            for name, items in _secrets(spec, volume["name"]):
                found |= {item["key"] for item in items if name == secret}
    return found


def _keys_of(server: Server, secret: str) -> set[str]:
    """The keys in a container's variables, and behind the files that these name."""
    entries = server.container.get("env") or ()
    references = [(entry.get("valueFrom") or {}).get("secretKeyRef") or {} for entry in entries]
    needed = {
        item["key"]
        for item in references
        if item.get("name") == secret and not item.get("optional")
    }
    paths = [entry.get("value") for entry in entries if entry["name"].endswith(_FILE)]
    files = [_mounted(server, PurePosixPath(path)) for path in paths if path]
    return needed | {file.key for file in files if file and file.secret == secret}


def _values(server: Server, name: str, read: Read) -> Iterator[str | SecretKey | None]:
    """The value of a variable, and the Secret behind its file."""
    yield _variable(server.container, name, read)
    path = _variable(server.container, name + _FILE, read)
    if isinstance(path, str) and path:
        yield _mounted(server, PurePosixPath(path))


def _variable(container: Fields, name: str, read: Read) -> str | SecretKey | None:
    for entry in reversed(container.get("env") or ()):
        if entry["name"] == name:
            return _value(entry, read)
    for source in reversed(container.get("envFrom") or ()):
        key = name.removeprefix(source.get("prefix", ""))
        config = source.get("configMapRef", {}).get("name", "")
        if config and key in read(config):
            return read(config)[key]
    return None


def _value(entry: Fields, read: Read) -> str | SecretKey | None:
    source = entry.get("valueFrom") or {}
    if "secretKeyRef" in source:
        reference = source["secretKeyRef"]
        return SecretKey(secret=reference["name"], key=reference["key"])
    if "configMapKeyRef" in source:
        reference = source["configMapKeyRef"]
        return read(reference["name"]).get(reference["key"])
    return str(entry.get("value") or "")


def _mounted(server: Server, path: PurePosixPath) -> SecretKey | None:
    """The Secret's key behind a file of the container; None if it is no file of a Secret."""
    mounts = [
        (PurePosixPath(mount["mountPath"]), mount)
        for mount in server.container.get("volumeMounts") or ()
    ]
    holding = [(place, mount) for place, mount in mounts if path == place or place in path.parents]
    if not holding:
        return None
    place, mount = max(holding, key=lambda item: len(item[0].parts))
    inner = PurePosixPath(mount.get("subPath", "")) / path.relative_to(place)
    for secret, items in _secrets(server.pod, mount["name"]):
        keys = {item["path"]: item["key"] for item in items} if items else {str(inner): str(inner)}
        if str(inner) in keys:
            return SecretKey(secret=secret, key=keys[str(inner)])
    return None


def _secrets(pod: Fields, volume: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """The Secrets of a volume, each with its `items`."""
    for entry in pod.get("volumes") or ():
        if entry["name"] != volume:
            continue
        if "secret" in entry:
            yield entry["secret"]["secretName"], entry["secret"].get("items") or ()
        for source in (entry.get("projected") or {}).get("sources") or ():
            if "secret" in source:
                yield source["secret"]["name"], source["secret"].get("items") or ()


def _pod(obj: Object) -> tuple[Mapping[str, str], Fields]:
    """The labels and `spec` of an object's pods; an empty spec if it has none."""
    if obj["kind"] == "Pod":
        return obj["metadata"].get("labels") or {}, obj.get("spec") or {}
    template = (obj.get("spec") or {}).get("template")
    if not isinstance(template, Mapping) or "spec" not in template:
        return {}, {}
    return (template.get("metadata") or {}).get("labels") or {}, template["spec"]
