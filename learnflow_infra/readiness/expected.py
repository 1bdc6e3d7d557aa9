"""The objects that have to exist and be ready, by a release's manifest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from learnflow_infra.fields import at
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.readiness import strimzi_specs
from learnflow_infra.readiness.scaling import desired_replicas
from learnflow_infra.readiness.watched import is_watched


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The objects that have to exist and be ready, by a release's manifest.

    `kinds` are the apiVersion and kind of each of them, `replicas` the number of replicas
    where the manifest has one and no autoscaler of its own. `fleeting` are Jobs that
    Kubernetes removes some time after their end. `elsewhere` has the names of objects whose
    manifest names a namespace, by that namespace.
    """

    names: tuple[Reference, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    replicas: Mapping[Reference, int] = field(default_factory=dict)
    fleeting: frozenset[Reference] = frozenset()
    elsewhere: Mapping[str, Sequence[Reference]] = field(default_factory=dict)


def expected(objects: Iterable[Object]) -> Expected:
    """The watched objects of a manifest, and those that operators create for them."""
    objects = list(objects)
    names: list[Reference] = []
    kinds: dict[tuple[str, str], None] = {}
    elsewhere: dict[str, list[Reference]] = defaultdict(list)
    for obj in objects:
        if is_watched(obj["apiVersion"], obj["kind"]):
            names.append(reference(obj))
            if "namespace" in obj["metadata"]:
                elsewhere[obj["metadata"]["namespace"]].append(reference(obj))
            kinds[obj["apiVersion"], obj["kind"]] = None
        created = strimzi_specs.created(obj)
        if created:
            version, kind, name = created
            names.append(refer(kind, name))
            kinds[version, kind] = None
    return Expected(
        names=tuple(names),
        kinds=tuple(kinds),
        replicas=desired_replicas(objects),
        fleeting=frozenset(reference(obj) for obj in objects if is_fleeting(obj)),
        elsewhere=elsewhere,
    )


def is_fleeting(obj: Object) -> bool:
    """Whether it is a Job that Kubernetes removes some time after its end."""
    return obj["kind"] == "Job" and at(obj, "spec", "ttlSecondsAfterFinished") is not None
