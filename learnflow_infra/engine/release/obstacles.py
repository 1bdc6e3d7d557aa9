"""What hinders helm's server-side apply of a release: what others set, and what it cannot do.

Helm would fail in the middle. All is found before, by dry runs in helm's name.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from learnflow_infra.clients.api_errors import ApiError, ConflictError
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.kube import HELM, Kube
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import changes, drift, handover, managers, ownership
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.managers import Conflict, Obstacle, helm_options
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.objects import Object, Reference, reference
from learnflow_infra.remedy import Command, Remedy

_INVALID = 422


def marked(
    session: Session, comparisons: Sequence[Comparison], adopted: Collection[Reference] = ()
) -> list[Comparison]:
    """The comparisons with what hinders their upgrades; nothing is changed.

    Requests are sent only for objects that change, and not for those that are adopted first.
    """
    return [replace(item, obstacles=_of_upgrade(session, item, adopted)) for item in comparisons]


def _of_upgrade(
    session: Session, item: Comparison, adopted: Collection[Reference]
) -> list[Obstacle]:
    if not item.action.revises:
        return []
    base, manifest = item.observed.baseline, item.desired.manifest
    old = changes.by_key(base.manifest.objects) if base else {}
    fixed = {changes.key(one.desired) for one in item.fixed}  # they are created again
    found = {changes.key(one.desired): one for one in item.findings if one.sent}
    drifted, asked = [], []
    for key, obj in changes.by_key(manifest.objects).items():
        changed = key not in fixed and old.get(key) != obj and reference(obj) not in adopted
        if changed:
            asked.append(obj)
        if key in found:
            conflicts = found[key].conflicts
            if changed and not found[key].handed:  # the dry run below names all other managers
                conflicts = [one for one in conflicts if one.manager == managers.UNKNOWN]
            drifted.append(Obstacle(obj=obj, conflicts=conflicts, own=not changed))
    new = find(session, item.prepared.release, asked)
    current = [_current(one, old, found.get(changes.key(one.obj))) for one in new]
    return [*drifted, *current, *_unnamed(manifest)]


def _unnamed(manifest: Manifest) -> list[Obstacle]:
    """Hooks whose names the API server generates, as an apply cannot have it."""
    unnamed = (obj for obj in manifest.hooks if obj["metadata"].get("generateName"))
    return [Obstacle(obj=obj, invalid=True) for obj in unnamed]


def _current(
    item: Obstacle, old: Mapping[changes.Key, Object], drifted: Finding | None
) -> Obstacle:
    """An obstacle without conflicts about what was set by hand, and is as it was deployed.

    Its manager keeps the claim, though nothing of it is left to be undone.
    """
    base = old.get(changes.key(item.obj))
    deployed = managers.as_helm(base, {}) if base else None
    changed = {found.field for found in drifted.conflicts} if drifted else set()

    def lapsed(found: Conflict) -> bool:
        known = deployed is not None and managers.without(deployed, [found.field]) is not deployed
        return known and not found.standing and found.field not in changed

    kept = [found for found in item.conflicts if not lapsed(found)]
    handed = drifted is not None and drifted.handed  # it is mended first
    lapses = len(kept) < len(item.conflicts)
    invalid = item.invalid and not handed
    return replace(item, conflicts=kept, own=item.own or lapses or handed, invalid=invalid)


def find(session: Session, release: Release, objects: Sequence[Object]) -> list[Obstacle]:
    """What hinders helm's server-side apply of objects of a release, asked by dry runs."""
    marks = ownership.helm_mark(release.name, session.namespace)
    locate = drift.locator(session.kube, session.namespace, objects)

    def ask(obj: Object) -> Obstacle | None:
        path = locate(obj)
        return _asked(session.kube, path, obj, managers.as_helm(obj, marks)) if path else None

    with ThreadPoolExecutor(4) as pool:
        return [found for found in pool.map(ask, objects) if found]


def _asked(kube: Kube, path: str, obj: Object, sent: Object) -> Obstacle | None:
    try:
        kube.apply(path, sent, dry_run=True, manager=HELM, force=False)
    except ConflictError as error:
        return Obstacle(
            obj=obj,
            conflicts=managers.foreign(error.message),
            own=managers.has_own(error.message),
            invalid=_is_invalid(kube, path, obj, sent),
        )
    except ApiError as error:
        invalid = error.status == _INVALID and handover.can_be_created(kube, path, obj)
        return Obstacle(obj=obj, invalid=True) if invalid else None
    return None


def _is_invalid(kube: Kube, path: str, obj: Object, sent: Object) -> bool:
    try:
        kube.apply(path, sent, dry_run=True, manager=HELM)
    except ApiError as error:
        return error.status == _INVALID and handover.can_be_created(kube, path, obj)
    return False


def require_none(comparisons: Sequence[Comparison]) -> None:
    """Refuse upgrades that would undo what others set.

    A deploy that asks for no change only restores: it undoes what was set once, by hand.

    Raises:
        RefusedError: naming each field, who set it, and the ways out.
    """
    found = [
        (item.prepared.release.name, obstacle.obj, conflict)
        for item in comparisons
        if not item.prepared.force_conflicts
        for obstacle in item.obstacles
        for conflict in obstacle.conflicts
        if item.asks_for_change or conflict.standing
    ]
    if found:
        raise refusal(found, Command("deploy", "--force-conflicts"))


def refusal(found: Sequence[tuple[ReleaseName, Object, Conflict]], forced: Command) -> RefusedError:
    """The error for fields that are left to those who set them: at least one."""
    names = dict.fromkeys(reference(obj) for _, obj, _ in found)
    return RefusedError(
        f"Others set fields of {', '.join(names)}.",
        why="\n".join(f"{release}: {reference(obj)}: {item}" for release, obj, item in found),
        remedy=Remedy(
            "To keep them, give the values that they have now, or values that leave them out.\n"
            "To overwrite them: ",
            forced,
        ),
    )


async def roll_back(session: Session, release: Release, revision: int) -> None:
    """Roll a release back, and overwrite what others set: all of it returns to that revision.

    Raises:
        ReleaseFailedError: helm could not.
    """
    target = await session.helm.live(release.name, revision=revision)
    found = await of_revision(session, release, target) if target else ()
    cleared = await asyncio.to_thread(_cleared, session, found)
    options = helm_options(target.method, cleared) if target else ()
    await session.helm.rollback(release.name, revision, options)


def _cleared(session: Session, found: Sequence[Obstacle]) -> list[Obstacle]:
    """The obstacles after those are mended that are fields set by hand."""
    objects = [item.obj for item in found if item.invalid and "name" in item.obj["metadata"]]
    findings = drift.find(session.kube, session.namespace, objects, force=True)
    handed = [finding for finding in findings if finding.handed]
    drift.mend(session.kube, handed)
    gone = [finding.desired for finding in handed]
    return [replace(o, invalid=o.invalid and o.obj not in gone, own=True) for o in found]


async def of_revision(session: Session, release: Release, target: Live) -> list[Obstacle]:
    """What hinders helm's rollback to a revision."""
    found = await asyncio.to_thread(find, session, release, target.manifest.objects)
    return [*found, *_unnamed(target.manifest)]


def require_no_claims(release: Release, found: Sequence[Obstacle], revision: int) -> None:
    """Refuse a rollback that overwrites what others keep setting.

    Raises:
        RefusedError: naming each field, who sets it, and the ways out.
    """
    held = [
        (release.name, item.obj, conflict)
        for item in found
        for conflict in item.conflicts
        if conflict.standing
    ]
    if held:
        forced = Command("rollback", release.skill, str(revision), "--force-conflicts")
        raise refusal(held, forced)
