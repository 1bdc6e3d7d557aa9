"""The objects of a release: those that its manifest names, and those that exist."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.status import Status, evaluate
from learnflow_infra.readiness.watched import COLLECTIONS, is_watched

INSTANCE = "app.kubernetes.io/instance"
"""The label by which charts mark the objects of a release."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The objects that have to exist and be ready, by a release's manifest.

    `kinds` are the apiVersion and kind of each of them.
    """

    names: tuple[Reference, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()


def expected(objects: Iterable[Object]) -> Expected:
    """The watched objects of a manifest, and those that operators create for them."""
    names: list[Reference] = []
    kinds: dict[tuple[str, str], None] = {}
    for obj in objects:
        if is_watched(obj["apiVersion"], obj["kind"]):
            names.append(reference(obj))
            kinds[obj["apiVersion"], obj["kind"]] = None
        created = strimzi.created(obj)
        if created:
            version, kind, name = created
            names.append(refer(kind, name))
            kinds[version, kind] = None
    return Expected(names=tuple(names), kinds=tuple(kinds))


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
    """The objects of a release at one moment, each with its status; `missing` do not exist."""

    states: tuple[tuple[Object, Status], ...] = ()
    missing: tuple[Reference, ...] = ()

    @property
    def objects(self) -> list[Object]:
        """The objects that exist."""
        return [obj for obj, _ in self.states]

    @property
    def ready(self) -> bool:
        """Every expected object exists, and every object is ready.

        A failed pod with an owner counts by its owner, which replaces it.
        """
        return not self.missing and all(
            status.ready for obj, status in self.states if not _replaced_by_owner(obj, status)
        )

    def unready(self) -> list[tuple[Reference, str]]:
        """Each object that is not ready, with the reason; the missing ones last."""
        states = [(reference(o), status.message) for o, status in self.states if not status.ready]
        return [*states, *((name, "does not exist") for name in self.missing)]

    def summary(self) -> str:
        """One line: how many objects are ready, and the last one that is not."""
        unready, total = self.unready(), len(self.states) + len(self.missing)
        last = ": ".join(unready[-1]) + (" yet" if self.missing else "") if unready else ""
        return f"{total - len(unready)}/{total} ready" + (f", {last}" if last else "")

    def statuses(self) -> list[tuple[Reference, Status]]:
        """Each object's reference and status, the missing ones last."""
        states = [(reference(o), s) for o, s in self.states if not _replaced_by_owner(o, s)]
        absent = Status(state="NotFound", message="does not exist; deploy creates it again")
        return [*states, *((name, absent) for name in self.missing)]


def _replaced_by_owner(obj: Object, status: Status) -> bool:
    owned = bool(obj["metadata"].get("ownerReferences"))
    return obj["kind"] == "Pod" and owned and status.state == "Failed"


class Evaluator:
    """Evaluates a release's objects; the status of an unchanged object is cached.

    Args:
        release: whose label marks objects of the release; "" for none.
        expected: what has to exist.
        rules: of the skill, for the status of its kinds.
    """

    def __init__(self, release: str, expected: Expected, rules: Sequence[ReadyRule] = ()) -> None:
        self._release, self._expected, self._rules = release, expected, rules
        self._cache: dict[str, tuple[Object, Status]] = {}

    def evaluate(self, objects: Iterable[Object]) -> Snapshot:
        """The objects that belong to the release, with their statuses."""
        own = members(objects, self._release, self._expected.names)
        changed = [obj for obj in own if strimzi.depends_on_others(obj) or not self._cached(obj)]
        new = {obj["metadata"]["uid"]: (obj, s) for obj, s in evaluate(changed, self._rules)}
        states = self._cache | new
        self._cache = {uid: states[uid] for uid in (obj["metadata"]["uid"] for obj in own)}
        present = {reference(obj) for obj in own}
        missing = tuple(name for name in self._expected.names if name not in present)
        return Snapshot(states=tuple(self._cache.values()), missing=missing)

    def _cached(self, obj: Object) -> bool:
        """Whether the cached status is of this instance: the store keeps unchanged instances."""
        before, _ = self._cache.get(obj["metadata"]["uid"], (None, None))
        return before is obj
