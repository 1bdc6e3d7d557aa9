"""Pure: what failed revisions of a release left, and helm's next upgrade would not remove.

Helm compares the desired manifest with the last deployed one. Objects and fields that only a
failed revision had are in neither of the two, so that they would stay.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from learnflow_infra.engine.release.changes import Key
from learnflow_infra.objects import Object

Objects = Mapping[Key, Object]


def exist(attempts: Sequence[Objects], deployed: Objects, desired: Objects) -> bool:
    """Whether failed revisions had objects or fields that no other manifest has.

    Args:
        attempts: the manifests of the failed revisions.
        deployed: the manifest of the last deployed revision.
        desired: the manifest to be deployed.
    """
    return any(_only_in(attempt, (deployed, desired)) for attempt in attempts)


def _only_in(value: Any, others: Sequence[Any]) -> bool:
    """Whether a value has keys or items, at any depth, that none of the others has."""
    if isinstance(value, Mapping):
        mappings = [other for other in others if isinstance(other, Mapping)]
        return any(
            _only_in(item, present)
            if (present := [other[name] for other in mappings if name in other])
            else bool(mappings)
            for name, item in value.items()
        )
    if isinstance(value, list):
        lists = [other for other in others if isinstance(other, list)]
        return bool(lists) and _only_in(_by_name(value), [_by_name(other) for other in lists])
    return False  # another value of the same field is replaced


def _by_name(items: list[Any]) -> dict[Any, Any]:
    """The items of a list by what helm's patch recognises them by, or by themselves."""
    return {_name(item): item for item in items}


def _name(item: Any) -> Any:
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else repr(item)
