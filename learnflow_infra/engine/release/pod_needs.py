"""Secrets, ConfigMaps and claims that pods do not start without, and which of them are missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.fields import items, part, text
from learnflow_infra.objects import Fields, Object, refer, references
from learnflow_infra.pod_specs import pod_specs

_SOURCES: Mapping[str, str] = {
    "secret": "Secret",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "persistentVolumeClaim": "PersistentVolumeClaim",
}
"""The kind that a field of a volume, of a projected volume or of a variable refers to."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """An object without which a pod does not start; `key` is one that it must have, or ""."""

    kind: str
    name: str
    key: str = ""


def of_pod(spec: Fields) -> Iterator[Need]:
    """What a pod of this specification needs; what is optional does not count."""
    for place in _places(spec):
        for field, kind in _SOURCES.items():
            source = part(place, field)
            names = (text(source, key) for key in ("secretName", "claimName", "name"))
            name = next(filter(None, names), "")
            if name and source.get("optional") is not True:
                keys = [text(item, "key") for item in items(source, "items")]
                for key in keys or [text(source, "key")]:
                    yield Need(kind=kind, name=name, key=key)


def unmet(kube: Kube, namespace: str, manifest: Sequence[Object]) -> list[str]:
    """What pods of a manifest need, and neither the manifest nor the cluster has.

    What this user may not read counts as there.

    Args:
        kube: the cluster.
        namespace: of the release.
        manifest: its objects; pods of custom resources do not count.
    """
    own = references(manifest)
    needs = {
        (obj["metadata"].get("namespace", namespace), need)
        for obj in manifest
        for spec in pod_specs(obj)
        for need in of_pod(spec)
        if refer(need.kind, need.name) not in own
    }
    return sorted({name for place, need in needs for name in _missing(kube, place, need)})


def _places(spec: Fields) -> Iterator[Fields]:
    for volume in items(spec, "volumes"):
        yield volume
        yield from items(volume, "projected", "sources")
    for kind in ("containers", "initContainers"):
        for container in items(spec, kind):
            yield from items(container, "envFrom")
            yield from (part(variable, "valueFrom") for variable in items(container, "env"))


def _missing(kube: Kube, namespace: str, need: Need) -> list[str]:
    collection = f"{need.kind.lower()}s"
    try:
        found = kube.find(f"/api/v1/namespaces/{namespace}/{collection}/{need.name}")
    except ForbiddenError:
        return []
    name = refer(need.kind, need.name)
    if found is None:
        return [name]
    keys = {*part(found, "data"), *part(found, "binaryData")}
    return [f"the key {need.key} of {name}"] if need.key and need.key not in keys else []
