"""The input of the search for causes: a release and its surroundings at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from learnflow_infra.models import RemovedImages
from learnflow_infra.objects import Event, Object, Reference
from learnflow_infra.readiness.states import Status


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The objects of a release, and others that may explain why they are not ready.

    `states` are the release's objects, down to pods; `missing` the expected objects that do
    not exist; `replicas` the manifest's, of objects that were scaled to others; `events` those
    of the namespace; `surroundings` nodes, storage classes, quotas, and the objects of the
    releases that this one needs, such as operators; `logs` the last lines by pod and container;
    `denied` the plurals of collections that this user may not read; `removed_images` the images
    that publishers removed, as skills declare them.
    """

    namespace: str
    states: Sequence[tuple[Object, Status]] = ()
    missing: Sequence[Reference] = ()
    replicas: Mapping[Reference, int] = field(default_factory=dict)
    events: Sequence[Event] = ()
    surroundings: Sequence[Object] = ()
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    denied: Sequence[str] = ()
    removed_images: Sequence[RemovedImages] = ()
