"""Pure: the volume claims that manifests make, and the storage classes that they need."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.checks import Check
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, reference
from learnflow_infra.pod_specs import pod_specs, replicas
from learnflow_infra.quantities import MIB, quantity
from learnflow_infra.readiness import strimzi_specs

DEFAULT = "storageclass.kubernetes.io/is-default-class"
"""Annotation of the StorageClass of claims that name none."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Claims of one specification; `owner` is the `Kind/name` of what makes them.

    Several are called `name` and a number. `storage_class` is None where none is named: then
    the default class serves the claim. With "", only a volume without a class does. `size` is
    in bytes, for each claim.
    """

    release: ReleaseName
    owner: str
    name: str
    count: int
    size: float
    storage_class: str | None
    bound: bool = False
    """Whether it names its volume, which needs no class."""

    def new(self, existing: Collection[str]) -> int:
        """How many of the claims do not exist yet."""
        own = [name for name in existing if name.removeprefix(self.name).isdigit()]
        return max(0, self.count - (1 if self.name in existing else len(own)))


def claims(release: ReleaseName, objects: Sequence[Object]) -> Iterator[Claim]:
    """The claims that the objects of a release make, also by operators of its resources."""
    for obj in objects:
        for name, count, claim in _claims(obj):
            spec: Any = claim.get("spec") or {}
            requests = (spec.get("resources") or {}).get("requests") or {}
            yield Claim(
                release=release,
                owner=reference(obj),
                name=name,
                count=count,
                size=quantity(requests.get("storage", 0)),
                storage_class=spec.get("storageClassName"),
                bound=bool(spec.get("volumeName")),
            )


def _claims(obj: Object) -> Iterator[tuple[str, int, Any]]:
    """The name, the number and the object of claims."""
    name, spec = obj["metadata"].get("name", ""), obj.get("spec") or {}
    if obj["kind"] == "PersistentVolumeClaim":
        yield name, 1, obj
    if obj["kind"] == "StatefulSet":
        for template in spec.get("volumeClaimTemplates") or ():
            yield f"{template['metadata']['name']}-{name}-", replicas(obj), template
    for pod in pod_specs(obj):
        for volume in pod.get("volumes") or ():
            template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
            if template:
                yield f"{name}-*-{volume['name']}", max(1, replicas(obj)), template
    yield from strimzi_specs.claims(obj)


def storage_classes(
    classes: Sequence[Object], items: Sequence[Claim], volumes: Sequence[Object] = ()
) -> list[Check]:
    """Check that each new claim has a class that serves it.

    Args:
        classes: of the cluster.
        items: the claims that do not exist yet.
        volumes: of the cluster; one without a provisioner can serve a claim, too.
    """
    names = {item["metadata"]["name"]: item for item in classes}
    default = [name for name, item in names.items() if _is_default(item)]
    free = {volume["spec"].get("storageClassName") or "" for volume in volumes}
    missing = sorted({c.storage_class for c in items if c.storage_class} - names.keys() - free)
    nameless = [item for item in items if item.storage_class is None and not item.bound]
    there = ", ".join(names) or "none at all"
    checks = [_missing(name, items, there) for name in missing]
    if nameless and not default and "" not in free:
        checks.append(_no_default(nameless, there))
    if checks:
        return checks
    used = f"default StorageClass {default[0]}" if default and nameless else "no default needed"
    return [Check(name="storage", passed=True, message=used)]


def _is_default(item: Object) -> bool:
    return (item["metadata"].get("annotations") or {}).get(DEFAULT) == "true"


def _missing(name: str, items: Sequence[Claim], there: str) -> Check:
    owners = ", ".join(dict.fromkeys(item.owner for item in items if item.storage_class == name))
    return Check(
        name="storage",
        passed=False,
        message=f"{owners} names the StorageClass {name}, which does not exist",
        remedy=f"Name one that exists (there are: {there}).",
    )


def _no_default(items: Sequence[Claim], there: str) -> Check:
    owners = ", ".join(dict.fromkeys(item.owner for item in items))
    return Check(
        name="storage",
        passed=False,
        message=f"no default StorageClass, and the claims of {owners} name none",
        remedy=f"Name one in the values, or mark one as the default: kubectl annotate "
        f"storageclass NAME {DEFAULT}=true   (there are: {there})",
    )


def disk(items: Sequence[Claim], existing: Collection[str], free: int) -> Check:
    """Check that the disk of an embedded cluster can hold the claims that do not exist yet.

    Args:
        items: the claims of a run.
        existing: names of claims in the namespace.
        free: bytes.
    """
    needed = sum(item.size * item.new(existing) for item in items)
    passed = free >= needed
    return Check(
        name="disk",
        passed=passed,
        message=f"{free // MIB} MiB free, {int(needed) // MIB} needed",
        remedy="" if passed else "Free some disk, or ask for smaller volumes.",
    )
