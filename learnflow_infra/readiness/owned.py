"""The objects of a release that exist, and their statuses."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from learnflow_infra.fields import text
from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object, Reference, reference, references
from learnflow_infra.readiness import strimzi_specs
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.mounted import waiting_for_a_pod, with_lost_claims
from learnflow_infra.readiness.past import uncounted
from learnflow_infra.readiness.scaling import differences, scaled_status
from learnflow_infra.readiness.states import current
from learnflow_infra.readiness.status import Status, conventions, evaluate
from learnflow_infra.readiness.watched import COLLECTIONS
from learnflow_infra.timestamps import seconds_of

INSTANCE = "app.kubernetes.io/instance"
"""The label by which charts mark the objects of a release."""
SILENCE = 20.0
"""Seconds after which a custom resource without a status counts as one that never gets one."""


def members(objects: Iterable[Object], release: str, names: Sequence[str]) -> list[Object]:
    """The objects of a release: by name, by its instance label, or owned by such an object.

    Jobs that a CronJob creates follow its schedule, and belong to no release.
    """
    objects = _without_scheduled_jobs(list(objects))
    children: dict[str, list[Object]] = defaultdict(list)
    for obj in objects:
        for uid in _owner_kinds(obj):
            children[uid].append(obj)
    expected = set(names)
    added = [obj for obj in objects if _labelled(obj, release) or reference(obj) in expected]
    uids = {obj["metadata"]["uid"] for obj in added}
    while added:
        owned = [child for obj in added for child in children.get(obj["metadata"]["uid"], ())]
        added = [obj for obj in owned if obj["metadata"]["uid"] not in uids]
        uids |= {obj["metadata"]["uid"] for obj in added}
    return [obj for obj in objects if obj["metadata"]["uid"] in uids]


def _without_scheduled_jobs(objects: Sequence[Object]) -> list[Object]:
    jobs = {obj["metadata"]["uid"] for obj in objects if "CronJob" in _owner_kinds(obj).values()}
    return [obj for obj in objects if not jobs & {obj["metadata"]["uid"], *_owner_kinds(obj)}]


def _owner_kinds(obj: Object) -> dict[str, str]:
    """The kinds of an object's owners, by their uid."""
    return {o["uid"]: o["kind"] for o in obj["metadata"].get("ownerReferences") or ()}


def _labelled(obj: Object, release: str) -> bool:
    """Whether a namespaced object has the release's label; others belong to it by name only."""
    labels = obj["metadata"].get("labels") or {}
    return labels.get(INSTANCE) == release and obj["kind"] in COLLECTIONS


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The objects of a release at one moment, each with its status; `missing` do not exist.

    `replicas` are those of the manifest, for objects that somebody scaled to another number.
    """

    states: tuple[tuple[Object, Status], ...] = ()
    missing: tuple[Reference, ...] = ()
    replicas: Mapping[Reference, int] = field(default_factory=dict)

    @property
    def objects(self) -> list[Object]:
        """The objects that exist."""
        return [obj for obj, _ in self.states]

    @property
    def ready(self) -> bool:
        """Every expected object exists, and every object that counts is ready."""
        return not self.missing and all(status.ready for _, status in self.counted)

    @cached_property
    def counted(self) -> tuple[tuple[Object, Status], ...]:
        """The states without objects of the past, for which others count."""
        left_out = uncounted(self.objects)
        return tuple(item for item in self.states if item[0]["metadata"].get("uid") not in left_out)

    @property
    def settling(self) -> bool:
        """Whether the status of an object depends on the time, too."""
        return any(conventions.silent(obj) and not status.ready for obj, status in self.states)

    def unready(self) -> list[tuple[Reference, str]]:
        """Each object that is not ready, with the reason; the missing ones last."""
        states = [(reference(o), status.message) for o, status in self.counted if not status.ready]
        return [*states, *((name, "does not exist") for name in self.missing)]

    def summary(self) -> str:
        """One line: how many objects are ready, and the last one that is not."""
        unready, total = self.unready(), len(self.counted) + len(self.missing)
        last = ": ".join(unready[-1]) + (" yet" if self.missing else "") if unready else ""
        return f"{total - len(unready)}/{total} ready" + (f", {last}" if last else "")

    def statuses(self) -> list[tuple[Reference, Status]]:
        """Each object's reference and status, the missing ones last."""
        states = [(reference(obj), status) for obj, status in self.counted]
        absent = Status(state="NotFound", message="does not exist; deploy creates it again")
        return [*states, *((name, absent) for name in self.missing)]


class Evaluator:
    """Evaluates a release's objects; the status of an unchanged object is cached.

    Args:
        release: whose label marks objects of the release; "" for none.
        expected: what has to exist.
        rules: of the skill, for the status of its kinds.
        now: the time, in seconds since 1970.
    """

    def __init__(
        self,
        release: str,
        expected: Expected,
        rules: Sequence[ReadyRule] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._release, self._expected, self._rules, self._now = release, expected, rules, now
        self._failed: set[Reference] = set()
        self._cache: dict[str, tuple[Object, Status]] = {}

    def evaluate(self, objects: Iterable[Object], classes: Iterable[Object] = ()) -> Snapshot:
        """The objects that belong to the release, with their statuses.

        Args:
            objects: of the release's namespaces.
            classes: the cluster's storage classes.
        """
        objects = list(objects)
        own = members(objects, self._release, self._expected.names)
        own = with_lost_claims(own, objects)
        changed = [
            obj for obj in own if strimzi_specs.depends_on_others(obj) or not self._cached(obj)
        ]
        new = {obj["metadata"]["uid"]: (obj, s) for obj, s in evaluate(changed, self._rules)}
        states, before = self._cache | new, self._cache
        self._cache = {uid: states[uid] for uid in (obj["metadata"]["uid"] for obj in own)}
        self._note_failed(before.values())
        scaled = differences(own, self._expected.replicas, objects)
        unused = waiting_for_a_pod(own, classes)
        return Snapshot(
            states=tuple(
                (obj, self._status(obj, s, scaled, unused)) for obj, s in self._cache.values()
            ),
            missing=self._missing(own),
            replicas=scaled,
        )

    def _status(
        self, obj: Object, status: Status, scaled: Mapping[Reference, int], unused: AbstractSet[str]
    ) -> Status:
        """The status, with what the object itself does not tell: manifest, time and pods."""
        if status.state == "InProgress" and obj["metadata"]["uid"] in unused:
            return current("waits for the first pod that mounts it; there is none")
        if status.ready and reference(obj) in scaled:
            return scaled_status(obj, scaled[reference(obj)])
        quiet = not status.ready and conventions.silent(obj) and self._age(obj) > SILENCE
        return current("exists, without a status") if quiet else status

    def _age(self, obj: Object) -> float:
        """Seconds since the object was created; 0 where that is not known."""
        created = seconds_of(text(obj, "metadata", "creationTimestamp"))
        return self._now() - created if created else 0.0

    def _note_failed(self, before: Iterable[tuple[Object, Status]]) -> None:
        """A Job that had failed before it was removed is missed; one that ended well is not."""
        self._failed |= {reference(obj) for obj, status in before if status.state == "Failed"}

    def _missing(self, own: Iterable[Object]) -> tuple[Reference, ...]:
        present = references(own)
        done = self._expected.fleeting - self._failed
        names = self._expected.names
        return tuple(name for name in names if name not in present and name not in done)

    def _cached(self, obj: Object) -> bool:
        """Whether the cached status is of this instance: the store keeps unchanged instances."""
        before, _ = self._cache.get(obj["metadata"]["uid"], (None, None))
        return before is obj
