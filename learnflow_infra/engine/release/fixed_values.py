"""Values that volumes keep from the first start, as skills declare them (`fixedByVolumes`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from learnflow_infra.documents.merging import coalesce, put
from learnflow_infra.engine.release import claims
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import RefusedError
from learnflow_infra.fields import at
from learnflow_infra.models import FixedByVolumes, Values
from learnflow_infra.objects import Object
from learnflow_infra.quantities import quantity
from learnflow_infra.remedy import Command, Remedy, Words, join_lines
from learnflow_infra.values.origins import shown, undotted

_HELP = Command("delete", "--help")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value that differs from that of the last deploy; `key` begins with the release."""

    rule: FixedByVolumes
    key: str
    old: Any
    new: Any
    asked: bool = False
    """Whether a flag or file of this run sets it."""


def changes(prepared: Prepared, old: Values) -> Iterator[Change]:
    """The fixed values that a deploy changes.

    Args:
        prepared: the desired release.
        old: the user-supplied values of the last deploy.
    """
    before = coalesce(prepared.chart.defaults.values, old, prepared.computed.dialect)
    for rule in prepared.release.fixed_by_volumes:
        for key in rule.keys:
            path = tuple(undotted(key))
            one, two = at(before, *path), at(prepared.computed.effective, *path)
            if one != two and not (rule.change == "growth" and _grows(one, two)):
                yield Change(
                    rule=rule,
                    key=f"{prepared.release.name}.{key}",
                    old=one,
                    new=two,
                    asked=prepared.computed.source_of(path).startswith("-"),
                )


def kept(rules: Sequence[FixedByVolumes], values: Values, known: Mapping[str, Any]) -> Values:
    """What a volume keeps, by key: the first values, and of those that may grow the present ones.

    None stands for the chart's default. Secrets are left out.

    Args:
        rules: of the release.
        values: the user-supplied ones.
        known: what the volume has kept so far.
    """
    keys = [(rule, key) for rule in rules for key in rule.keys if rule.change != "ignored"]
    found = {key: at(values, *undotted(key)) for _, key in keys}
    plain = {k: v for k, v in found.items() if shown(k, v or "text") == (v or "text")}
    first = {key: known[key] for rule, key in keys if rule.change == "none" and key in known}
    return plain | first


def _grows(old: object, new: object) -> bool:
    try:
        return quantity(str(new)) >= quantity(str(old))
    except ValueError:
        return False


def require_kept(session: Session, prepared: Prepared, observed: Observed) -> None:
    """Refuse to change what the volumes of a release keep from their first start.

    Raises:
        RefusedError: naming each value, and how to keep it.
    """
    found = _changes(session, prepared, observed)
    changed = [item for item in found if item.rule.change != "ignored"]
    if not changed or not _claims(session, prepared):
        return
    raise RefusedError(
        f"{' and '.join(item.key for item in changed)} cannot change for volumes that exist.",
        why="\n".join(line for item in changed for line in (_line(item), item.rule.why)),
        remedy=join_lines(
            _kept_values(changed, observed),
            *dict.fromkeys(item.rule.remedy for item in changed),
            *_empty_volumes(observed),
        ),
    )


def ignored(session: Session, prepared: Prepared, observed: Observed) -> list[str]:
    """A line for each changed value that has no effect on the volumes that exist."""
    found = _changes(session, prepared, observed)
    changed = [item for item in found if item.rule.change == "ignored"]
    if not changed or not _claims(session, prepared):
        return []
    return [
        f"{item.key} has no effect on a volume that exists: {item.rule.why}" for item in changed
    ]


def _changes(session: Session, prepared: Prepared, observed: Observed) -> list[Change]:
    """The fixed values that change: from those of the release, or else from those of its volumes.

    Claims of earlier versions record none. What they do not record is `ignored`, not refused.
    """
    if observed.baseline:
        return list(changes(prepared, observed.baseline.values))
    known = {
        k: v for item in _claims(session, prepared) for k, v in marks.first_values(item).items()
    }
    old: Values = {}
    for key, value in known.items():
        old = old if value is None else put(old, key, value)
    found = [(item, item.key.partition(".")[2] in known) for item in changes(prepared, old)]
    return [
        item if sure else replace(item, rule=replace(item.rule, change="ignored"))
        for item, sure in found
        if sure or item.asked
    ]


def _claims(session: Session, prepared: Prepared) -> list[Object]:
    return claims.of_labels(session.kube, session.namespace, prepared.release.volumes)


def _line(item: Change) -> str:
    old, new = (shown(item.key, value) for value in (item.old, item.new))
    return f"{item.key}: {_text(old)} now, {_text(new)} in this deploy"


def _text(value: object) -> str:
    return "unset" if value is None or value == "" else str(value)


def _kept_values(items: Sequence[Change], observed: Observed) -> Words:
    """How to keep the present values."""
    settings = ",".join(f"{item.key}={item.old}" for item in items if _typed(item))
    if not observed.baseline:
        return f"Keep what the volumes have: --set {settings}" if settings else "Leave it out."
    if all(item.asked for item in items):
        return f"Keep what runs: --set {settings}" if settings else "Leave it out."
    if any(item.asked for item in items):
        asked = ", ".join(item.key for item in items if item.asked)
        return f"Keep what runs: leave out what sets {asked}, and add --reuse-values."
    return Remedy(
        f"Keep what runs: --set {settings}, or " if settings else "Keep what runs: ",
        Command("deploy", "--reuse-values"),
    )


def _empty_volumes(observed: Observed) -> Iterator[Words]:
    """Where no release uses the volumes: the help on deleting their data, not the command."""
    if not observed.baseline:
        yield Remedy("To begin with empty volumes, delete their data; see: ", _HELP)


def _typed(item: Change) -> bool:
    """Whether the old value can be shown and typed."""
    simple = isinstance(item.old, str | int) and item.old != ""
    return simple and shown(item.key, item.old) == item.old
