"""Pure: which changes of a revision that somebody made with helm a deploy undoes."""

from collections.abc import Mapping
from typing import Any

from learnflow_infra.documents.merging import leaves
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.request.foreign_revisions import ForeignRevision
from learnflow_infra.objects import reference
from learnflow_infra.values.origins import dotted

_ABSENT = object()
_SHOWN = 12
"""How many keys and fields a line names."""


def keys(item: Comparison, found: ForeignRevision) -> list[str]:
    """The keys of values that the revision set, and the deploy sets to something else."""
    own = found.own.values if found.own else {}
    paths = _undone(own, found.live.values, item.desired.values)
    return [dotted((item.prepared.release.name, *path)) for path in paths]


def fields(item: Comparison, found: ForeignRevision) -> list[str]:
    """The fields of objects that the revision changed, and the deploy sets to something else."""
    own = changes.by_key(found.own.manifest.objects if found.own else ())
    desired = changes.by_key(item.desired.manifest.objects)
    generated = {change.object for change in item.generated}
    result: list[str] = []
    for key, obj in changes.by_key(found.live.manifest.objects).items():
        name = reference(obj)
        if key not in own and key not in desired:
            result.append(name)
        elif name not in generated:
            paths = _undone(own.get(key, {}), obj, desired.get(key, {}))
            result += [f"{name} .{'.'.join(path)}" for path in paths]
    return result


def line(item: Comparison, found: ForeignRevision) -> str:
    """One line about a revision that no deploy made, and which of its changes are undone."""
    live, names = found.live, [*keys(item, found), *fields(item, found)]
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    undone = ", ".join(names[:_SHOWN]) + rest
    return (
        f"Warning: no deploy made revision {live.revision} of {item.prepared.release.name} "
        f"({live.description}). This run undoes "
        + (f"its {undone}. To keep its values: --keep-foreign" if names else "none of its changes.")
    )


def _undone(own: Any, foreign: Any, desired: Any) -> list[tuple[str, ...]]:
    """The paths at which `foreign` differs from both others; a list is one value."""
    one, two, three = (_leaves(value) for value in (own, foreign, desired))
    paths = dict.fromkeys([*two, *one])
    return [
        path
        for path in paths
        if _at(two, path) != _at(one, path) and _at(two, path) != _at(three, path)
    ]


def _leaves(value: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    return dict(leaves(dict(value)))


def _at(found: Mapping[tuple[str, ...], Any], path: tuple[str, ...]) -> Any:
    return found.get(path, _ABSENT)
