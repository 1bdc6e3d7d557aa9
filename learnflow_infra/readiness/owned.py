"""What a release owns: what its manifest says that there has to be, and what there is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.status import Status, evaluate
from learnflow_infra.readiness.watched import COLLECTIONS, is_watched

INSTANCE = "app.kubernetes.io/instance"
"""The label by which charts mark what belongs to a release."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a release's manifest says that there has to be, and must be ready.

    `names` are `Kind/name` references; `kinds` the apiVersion and kind of each sort among
    them, and of what operators make of those.
    """

    names: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()


def expected(objects: Iterable[Object]) -> Expected:
    """What has to be there of a manifest's objects: those whose status says something."""
    names: list[str] = []
    kinds: dict[tuple[str, str], None] = {}
    for obj in objects:
        group, kind = obj["apiVersion"].rpartition("/")[0], obj["kind"]
        if is_watched(obj["apiVersion"], kind):
            names.append(reference(obj))
            kinds[obj["apiVersion"], kind] = None
        if (group, kind) in strimzi.MADE:
            names.append(f"{strimzi.MADE[group, kind][1]}/{strimzi.made_name(obj)}")
            kinds[strimzi.MADE[group, kind]] = None
    return Expected(names=tuple(names), kinds=tuple(kinds))


def reference(obj: Object) -> str:
    """`Kind/name`, as kubectl writes it."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def members(objects: Iterable[Object], release: str, names: Sequence[str]) -> list[Object]:
    """What belongs to a release: by name, by its instance label, or owned by such an object.

    The runs of a CronJob come and go by its clock: they are of no release.
    """
    objects = _without_runs(list(objects))
    children: dict[str, list[Object]] = defaultdict(list)
    for obj in objects:
        for owner in obj["metadata"].get("ownerReferences") or ():
            children[owner["uid"]].append(obj)
    wanted = set(names)
    found = [obj for obj in objects if _labelled(obj, release) or reference(obj) in wanted]
    mine = {obj["metadata"]["uid"] for obj in found}
    while found:
        found = [c for obj in found for c in children.get(obj["metadata"]["uid"], ())]
        found = [obj for obj in found if obj["metadata"]["uid"] not in mine]
        mine |= {obj["metadata"]["uid"] for obj in found}
    return [obj for obj in objects if obj["metadata"]["uid"] in mine]


def _without_runs(objects: Sequence[Object]) -> list[Object]:
    runs = {obj["metadata"]["uid"] for obj in objects if "CronJob" in _owners(obj).values()}
    return [obj for obj in objects if not runs & {obj["metadata"]["uid"], *_owners(obj)}]


def _owners(obj: Object) -> dict[str, str]:
    """The kinds of an object's owners, by their uid."""
    return {o["uid"]: o["kind"] for o in obj["metadata"].get("ownerReferences") or ()}


def _labelled(obj: Object, release: str) -> bool:
    """Of kinds that a chart may name as it likes; cluster-wide ones are expected by name."""
    carries = (obj["metadata"].get("labels") or {}).get(INSTANCE) == release
    return carries and obj["kind"] in COLLECTIONS


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a release owns at one moment, each with its status; `missing` does not exist."""

    states: tuple[tuple[Object, Status], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def objects(self) -> list[Object]:
        """What exists."""
        return [obj for obj, _ in self.states]

    @property
    def ready(self) -> bool:
        """Everything expected exists, and everything that exists is ready.

        A pod that failed and has an owner is judged by its owner, which makes another.
        """
        return not self.missing and all(
            status.ready for obj, status in self.states if not _replaceable(obj, status)
        )

    def summary(self) -> str:
        """One line: how much is ready, and the last thing that is not."""
        waits = [f"{reference(o)}: {s.message}" for o, s in self.states if not s.ready]
        good = len(self.states) - len(waits)
        waits += [f"{name}: does not exist yet" for name in self.missing]
        return f"{good}/{len(self.states) + len(self.missing)} ready" + (
            f", {waits[-1]}" if waits else ""
        )

    def statuses(self) -> list[tuple[str, Status]]:
        """Each object's reference and status, those that are missing last."""
        found = [(reference(o), s) for o, s in self.states if not _replaceable(o, s)]
        gone = Status(state="NotFound", message="does not exist; deploy makes it again")
        return [*found, *((name, gone) for name in self.missing)]


def _replaceable(obj: Object, status: Status) -> bool:
    owned = bool(obj["metadata"].get("ownerReferences"))
    return obj["kind"] == "Pod" and owned and status.state == "Failed"


class Judge:
    """Judges what a release owns again and again, each object anew only when it changed."""

    def __init__(self, release: str, wanted: Expected, rules: Sequence[ReadyRule] = ()) -> None:
        self._release, self._wanted, self._rules = release, wanted, rules
        self._known: dict[str, tuple[Object, Status]] = {}

    def __call__(self, objects: Iterable[Object]) -> Snapshot:
        """What of the objects belongs to the release, with its status."""
        mine = members(objects, self._release, self._wanted.names)
        anew = [
            obj for obj in mine if obj["kind"] in strimzi.JUDGED_TOGETHER or not self._knows(obj)
        ]
        judged = {obj["metadata"]["uid"]: (obj, s) for obj, s in evaluate(anew, self._rules)}
        known = self._known | judged
        self._known = {uid: known[uid] for uid in (obj["metadata"]["uid"] for obj in mine)}
        present = {reference(obj) for obj in mine}
        missing = tuple(name for name in self._wanted.names if name not in present)
        return Snapshot(states=tuple(self._known.values()), missing=missing)

    def _knows(self, obj: Object) -> bool:
        before, _ = self._known.get(obj["metadata"]["uid"], (None, None))
        return before is obj
