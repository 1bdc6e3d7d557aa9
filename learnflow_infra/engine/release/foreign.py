"""What exists under the names of a release, and was not made by this program."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from learnflow_infra.clients import api_paths, helm_storage
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import changes, claims, drift, ownership
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Observed, ReleaseState
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.hooks import is_hook
from learnflow_infra.models import Credential, Release, ReleaseName, SkillName
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Something that this program did not make.

    `maker` says who did, `path` is in the API. `mark` is the metadata that makes it this
    program's; `change` says in lines what a deploy would then change in it. `desired` is what
    it is applied with at once: fields that only others set are removed, such as labels of a
    Service's selector.
    """

    release: ReleaseName
    skill: SkillName
    name: Reference
    maker: str
    path: str
    mark: Mapping[str, Any]
    change: str = ""
    desired: Object | None = None

    @property
    def as_change(self) -> changes.Change:
        """The adoption beside the other changes of a release."""
        text = f"made {self.maker}\n{self.change}".rstrip("\n")
        return changes.Change(object=self.name, kind="adopted", text=text)

    def __str__(self) -> str:
        """One line: what it is, and who made it."""
        return f"{self.name}, made {self.maker}"


async def find_all(
    session: Session, comparisons: Sequence[Comparison], credentials: Sequence[Credential]
) -> list[Foreign]:
    """What is not ours of all that the releases would take over; nothing is changed."""
    work = (asyncio.to_thread(_find, session, item, credentials) for item in comparisons)
    return [found for each in await tasks.together(*work) for found in each]


def _find(
    session: Session, comparison: Comparison, credentials: Sequence[Credential]
) -> list[Foreign]:
    found = [*_objects(session, comparison), *_claims(session, comparison, credentials)]
    if comparison.state is ReleaseState.FOREIGN:
        lines = "\n".join(f"{item.kind} {item.object}" for item in comparison.diff)
        release = comparison.prepared.release
        found.insert(0, of_release(session, release, comparison.observed, lines))
    return found


def of_release(session: Session, release: Release, observed: Observed, change: str = "") -> Foreign:
    """A release that somebody else made."""
    revision = observed.live.revision if observed.live else 0
    return Foreign(
        release=release.name,
        skill=release.skill,
        name=refer("Release", release.name),
        maker=f"from the {ownership.maker_of_release(observed.stored)}",
        path=helm_storage.path(session.namespace, release.name, revision),
        mark={"labels": marks.release_labels(observed.stored.chart)},
        change=change,
    )


def _objects(session: Session, comparison: Comparison) -> list[Foreign]:
    """Objects that exist though the release does not have them yet: helm refuses to take them."""
    base = comparison.observed.baseline
    present = changes.by_key(base.manifest.with_hooks if base else ())
    new = [obj for obj in comparison.desired.manifest.with_hooks if changes.key(obj) not in present]
    if not new:
        return []
    locate = drift.locator(session.kube, session.namespace, new)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda obj: _object(session, comparison, locate(obj), obj), new)
        return [item for item in found if item]


def _object(session: Session, comparison: Comparison, path: str, desired: Object) -> Foreign | None:
    live = session.kube.find(path) if path else None
    release = comparison.prepared.release
    hook = is_hook(desired)
    mark = ownership.helm_mark(release.name, session.namespace)
    if live is None or (is_hook(live) and hook):
        return None
    if ownership.helm_takes(live, release.name, session.namespace):
        return None
    return Foreign(
        release=release.name,
        skill=release.skill,
        name=reference(live),
        maker=ownership.maker(live),
        path=path,
        mark={"annotations": desired["metadata"]["annotations"]} if hook else mark,
        desired=None if hook else desired,
        change=_change(session.kube, path, live, desired),
    )


def _change(kube: Kube, path: str, live: Object, desired: Object) -> str:
    found = drift.compared(kube, path, live, desired)
    return found.change.text if found else ""


def _claims(
    session: Session, comparison: Comparison, credentials: Sequence[Credential]
) -> list[Foreign]:
    """Claims that the release would use for its data, and that an earlier release did not leave."""
    release = comparison.prepared.release
    desired = comparison.desired.manifest.objects
    base = comparison.observed.known
    known = base.manifest.objects if base else ()
    names = {changes.key(obj) for obj in known if obj["kind"] == "StatefulSet"}
    new = [obj for obj in desired if obj["kind"] == "StatefulSet" and changes.key(obj) not in names]
    operated = base is None and claims.has_operator(desired)
    if not new and not operated:
        return []
    existing = session.kube.items(api_paths.claims(session.namespace))
    taken = claims.used_by(new, existing)
    taken += claims.labelled(existing, release.volumes) if operated else []
    return _unmarked(session, release, taken, credentials)


def left_by_others(
    session: Session,
    release: Release,
    observed: Observed,
    existing: Sequence[Object],
    credentials: Sequence[Credential],
) -> list[Foreign]:
    """The claims, of those that a purge of the release would delete, which are not its own."""
    known = observed.known.manifest.objects if observed.known else ()
    if claims.has_operator(known):
        return []
    own = {claim["metadata"]["name"] for claim in claims.used_by(known, existing)}
    others = [claim for claim in existing if claim["metadata"]["name"] not in own]
    return _unmarked(session, release, others, credentials)


def _unmarked(
    session: Session,
    release: Release,
    candidates: Sequence[Object],
    credentials: Sequence[Credential],
) -> list[Foreign]:
    """The claims without a mark of this program.

    Claims whose data depends on a Secret that this program generated are its own, too: earlier
    versions did not mark claims.
    """
    unmarked = [claim for claim in candidates if not marks.is_marked(claim, release.skill)]
    for credential in credentials if unmarked else ():
        path = f"{api_paths.secrets(session.namespace)}/{credential.secret}"
        secret = session.kube.find(path)
        if secret is not None and marks.is_marked(secret, release.skill):
            own = claims.labelled(unmarked, credential.volumes)
            unmarked = [claim for claim in unmarked if claim not in own]
    return [_claim(session, release, claim) for claim in unmarked]


def _claim(session: Session, release: Release, claim: Object) -> Foreign:
    name = claim["metadata"]["name"]
    return Foreign(
        release=release.name,
        skill=release.skill,
        name=reference(claim),
        maker=ownership.maker(claim),
        path=f"{api_paths.claims(session.namespace)}/{name}",
        mark={"annotations": {marks.SKILL: release.skill}},
    )
