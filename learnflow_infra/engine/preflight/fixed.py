"""Refuse changes that cannot be made, and name what gets there."""

from collections.abc import Iterator, Sequence

from learnflow_infra.clients import api_paths
from learnflow_infra.engine.preflight.notices import asked_keys, dropped_keys
from learnflow_infra.engine.release import claims
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.recreation import Fixed, Resize, resizes
from learnflow_infra.engine.request.confirmation import Confirm, Question
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import RefusedError
from learnflow_infra.objects import Object, reference
from learnflow_infra.remedy import Command, Remedy, Words, join_lines


def require_possible(session: Session, items: Sequence[Comparison]) -> None:
    """Refuse changes that the API server would not make to objects that exist.

    Raises:
        RefusedError: naming each, the values that keep what there is, and other ways.
    """
    impossible = [item for item in items if item.fixed]
    if not impossible:
        return
    fixed = [one for item in impossible for one in item.fixed]
    lines = [
        f"{item.prepared.release.name}: {reference(one.live)}: {one.reason}"
        for item in impossible
        for one in item.fixed
    ]
    raise RefusedError(
        f"{', '.join(reference(one.live) for one in fixed)} cannot be changed in this way.",
        why="\n".join(lines),
        remedy=join_lines(*_kept(impossible), *_resized(session, fixed), *_recreated(fixed)),
    )


def _kept(items: Sequence[Comparison]) -> Iterator[Words]:
    """How to keep the values that the release has."""
    dropped = [key for item in items for key in dropped_keys(item)]
    asked = [key for item in items for key in asked_keys(item)]
    if dropped and asked:
        yield (
            f"Keep what runs: leave out {', '.join(asked)}, which this run sets anew, and add "
            f"--reuse-values, which keeps {', '.join(dropped)}."
        )
    elif dropped:
        yield Remedy(
            f"Keep {', '.join(dropped)} as the last deploy had it: ",
            Command("deploy", "--reuse-values"),
        )
    elif asked:
        yield f"Keep what runs: leave out {', '.join(asked)}, which this run sets anew."


def _resized(session: Session, fixed: Sequence[Fixed]) -> Iterator[Words]:
    """What to do with the claims of StatefulSets whose templates change their size."""
    for one in fixed:
        for resize in resizes(one):
            yield from _claims(session, one, resize)


def _claims(session: Session, one: Fixed, resize: Resize) -> Iterator[Words]:
    if not resize.grows:
        yield f"No claim gets smaller: the template {resize.template} has {resize.old}."
        return
    name, namespace = one.live["metadata"]["name"], one.live["metadata"]["namespace"]
    existing = session.kube.items(api_paths.claims(namespace))
    for claim in claims.used_by([one.live], existing):
        if not claim["metadata"]["name"].startswith(f"{resize.template}-{name}-"):
            continue  # of another template
        if _expands(session, claim):
            body = f'{{"spec":{{"resources":{{"requests":{{"storage":"{resize.new}"}}}}}}}}'
            pvc = claim["metadata"]["name"]
            yield f"Grow it: kubectl -n {namespace} patch pvc {pvc} -p '{body}'"
        else:
            used = claim["spec"].get("storageClassName") or "without a name"
            yield (
                f"{claim['metadata']['name']} keeps {resize.old}: "
                f"the StorageClass {used} expands no volumes."
            )


def _expands(session: Session, claim: Object) -> bool:
    name = claim["spec"].get("storageClassName")
    found = session.kube.find(f"{api_paths.STORAGE_CLASSES}/{name}") if name else None
    return bool(found and found.get("allowVolumeExpansion"))


def _recreated(fixed: Sequence[Fixed]) -> Iterator[Words]:
    lasting = [reference(one.live) for one in fixed if not one.recreatable]
    if lasting:
        yield f"{', '.join(lasting)} holds data, so it is not deleted: change it back."
        return
    yield "Or add --allow-recreate, which deletes and creates again. Claims keep their data:"
    yield from (f"  {one.loss}" for one in fixed)


def require_confirmed(items: Sequence[Comparison], confirm: Confirm) -> None:
    """Ask before objects are deleted to be created again.

    Raises:
        RefusedError: it was not confirmed.
    """
    releases = [item.prepared.release.name for item in items if item.fixed]
    fixed = [one for item in items for one in item.fixed]
    if fixed:
        names = ", ".join(reference(one.live) for one in fixed)
        confirm(
            Question(
                what=f"Delete {names} and create it again",
                name=releases[0],
                losses=[one.loss for one in fixed],
            )
        )
