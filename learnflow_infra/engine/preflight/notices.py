"""What a deploy says before it changes anything."""

import json
from collections.abc import Sequence

from learnflow_infra.engine.proof import losses
from learnflow_infra.engine.release import changes, claims_at_risk, fixed_values, kept_keys, undone
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.request import foreign_revisions, reuse
from learnflow_infra.engine.request.foreign_revisions import ForeignRevision
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Emit, Message
from learnflow_infra.objects import Object, reference
from learnflow_infra.outputs.endpoints import kubectl_command
from learnflow_infra.references import parse
from learnflow_infra.sources.image_names import images_of
from learnflow_infra.sources.mirror import Mirror, origins
from learnflow_infra.system import tasks
from learnflow_infra.values import previous

_BEING_DELETED = (
    "is being deleted: its data go when its pods end, so a deploy would fail. See `diagnose`"
)


def dropped(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the values of the last deploy, and those set with helm since, that this one drops."""
    foreign = [(item, found) for item in comparisons if (found := _foreign(session, item))]
    for item, found in foreign:
        session.emit(Message(text=undone.line(item, found)))
    named = {key for item, found in foreign for key in undone.keys(item, found)}
    keys = [key for item in comparisons for key in dropped_keys(item) if key not in named]
    if keys:
        session.emit(Message(text=previous.line(keys)))


def _foreign(session: Session, item: Comparison) -> ForeignRevision | None:
    """The newest revision of a release that is upgraded, if somebody made it with helm."""
    if not item.action.revises or not item.observed.ours:
        return None
    name = item.prepared.release.name
    return tasks.complete(foreign_revisions.read(session.helm, session.record, name, item.live))


def ignored(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the changed values that have no effect on volumes that exist."""
    for item in comparisons:
        for text in fixed_values.ignored(session, item.prepared, item.observed):
            session.emit(Message(text=f"Warning: {text}"))


def changed_secrets(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the Secrets for which the verification of a change may fail, and how to see that now."""
    changed = [item.prepared.release for item in comparisons if item.action is not Action.NONE]
    for cause in losses.changed_secrets(session, changed):
        text = f"Warning: {cause.object}: {cause.message}. Before this change, see whether clients "
        session.emit(Message(text=f"{text}can log in: the verb `verify`"))


def claims_being_deleted(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the claims of unchanged releases for which a deploy would not end well.

    Changes of others are refused for them.
    """
    for item in comparisons:
        if item.action is Action.NONE:
            name, objects = item.prepared.release.name, item.desired.manifest.objects
            for claim in claims_at_risk.find(session, name, objects):
                session.emit(Message(text=f"Warning: {name}: {claim} {_BEING_DELETED}"))


def recreated(comparisons: Sequence[Comparison], emit: Emit) -> None:
    """Name the objects that are deleted and created again, and what that means."""
    for item in comparisons:
        for fixed in item.fixed:
            emit(Message(text=f"To be deleted and created again: {fixed.loss}"))


def unpatched(comparisons: Sequence[Comparison], mirrors: Sequence[Mirror], emit: Emit) -> None:
    """Name, a line each, the images that get no more patches, and how to choose others.

    A copy in a mirror is the same image.
    """
    for item in comparisons:
        release, objects = item.prepared.release, item.desired.manifest.with_hooks
        for name in sorted(images_of(objects)):
            for rule in release.unpatched_images:
                if any(str(parse(one)).startswith(rule.prefix) for one in origins(name, mirrors)):
                    text = f"{release.name}: {name} has had no patches since {rule.since}"
                    emit(Message(text=f"Warning: {text}. {rule.remedy}"))


def fields_of_others(comparisons: Sequence[Comparison], emit: Emit) -> None:
    """Name the fields that others set: those that a deploy overwrites, and those that it leaves."""
    for item in comparisons:
        name, force = item.prepared.release.name, item.prepared.force_conflicts
        if item.action.revises:
            pairs = [(one.obj, found) for one in item.obstacles for found in one.conflicts]
        else:
            pairs = [(one.desired, found) for one in item.findings for found in one.conflicts]
        for obj, found in pairs:
            left = found.standing and not force
            what = "stays as it is (--force-conflicts overwrites it)" if left else "is overwritten"
            emit(Message(text=f"Warning: {name}: {reference(obj)}: {found}, {what}."))


def keys_kept(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the keys of Secrets that a server-side apply leaves, and how to remove them."""
    for item in comparisons:
        if item.action.revises and item.live and item.live.method == "ssa":
            desired = changes.by_key(item.desired.manifest.objects)
            for before in item.live.manifest.objects:
                after = desired.get(changes.key(before))
                if after and before["kind"] == "Secret" and (keys := kept_keys.of(before, after)):
                    text = f"Warning: {item.prepared.release.name}: {_kept(session, before, keys)}"
                    session.emit(Message(text=text))


def _kept(session: Session, secret: Object, keys: Sequence[str]) -> str:
    kubectl = f"{kubectl_command(session.target)} -n {session.namespace}"
    patch = json.dumps({"data": dict.fromkeys(keys)})
    return (
        f"{reference(secret)} keeps {', '.join(keys)}: a server-side apply removes no key of "
        f"stringData. Once nothing reads it: {kubectl} patch secret {secret['metadata']['name']} "
        f"-p '{patch}'"
    )


def asked_keys(item: Comparison) -> list[str]:
    """The flags and files of this run that set other values than the last deployed ones."""
    base, computed = item.observed.baseline, item.prepared.computed
    if base is None:
        return []
    paths = previous.differing(computed.values, base.values)
    sources = (computed.source_of(path) for path in paths)
    return list(dict.fromkeys(source for source in sources if source.startswith("-")))


def dropped_keys(item: Comparison) -> list[str]:
    """The keys of the last deployed values that this run drops, though nobody asked for it."""
    base, prepared = item.observed.baseline, item.prepared
    if base is None:
        return []
    own = reuse.own_images(prepared.source, base.values)
    return previous.dropped(base.values, prepared.computed, own)
