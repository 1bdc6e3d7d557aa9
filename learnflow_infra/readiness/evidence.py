"""All that is known of a release at one moment: the input of the search for causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from learnflow_infra.models import RemovedImages
from learnflow_infra.objects import Event, Object
from learnflow_infra.readiness.states import Status


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a release owns, and what around it may explain why it is not ready.

    `states` reach down to pods; `missing` are `Kind/name` of what the manifest names and is
    not there; `events` are those of the namespace; `around` are nodes, storage classes,
    quotas, and what belongs to the releases that this one needs: operators; `logs` are the
    last lines by pod and container; `denied` are collections that may not be read;
    `removed_images` is what skills declare of images that publishers removed.
    """

    namespace: str
    states: Sequence[tuple[Object, Status]] = ()
    missing: Sequence[str] = ()
    events: Sequence[Event] = ()
    around: Sequence[Object] = ()
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    denied: Sequence[str] = ()
    removed_images: Sequence[RemovedImages] = ()
