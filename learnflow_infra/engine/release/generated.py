"""Pure: what helm generates at each rendering, which is no change of a release.

Random passwords, certificates and names, and times differ between two renderings of the same
values. What depends on the release's revision differs in a rendering for another revision.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from learnflow_infra.engine.release.changes import Change, Key
from learnflow_infra.engine.release.generated_values import (
    by_revision,
    common_start,
    random,
    times,
    with_revision,
)
from learnflow_infra.objects import Object, reference

Objects = Mapping[Key, Object]
Leaf = Callable[[Any, Any, Any], Any]
"""From a live, a first and a second value to the settled one."""


def settled(live: Objects, first: Objects, second: Objects) -> dict[Key, Object]:
    """The first rendering, with the live value wherever the second rendering differs.

    An object with a generated name gets the live object's.
    """
    renamed = _renamed(first, second)
    names = _live_names(live, first, second, renamed)
    result = {}
    for name, obj in first.items():
        known = names.get(name, name)
        other = second.get(renamed.get(name, name))
        comparable = known in live and other is not None
        result[known] = _settle(live[known], obj, other, random) if comparable else obj
    return result


def of_revision(
    live: Objects, first: Objects, other: Objects, change: tuple[int, int]
) -> dict[Key, Object]:
    """The first rendering, with the live value wherever only the revision makes the difference.

    Args:
        live: the objects of the revision from which helm upgrades.
        first: the rendering of the next revision.
        other: a rendering of another revision.
        change: the two revisions, from and to.
    """

    def leaf(before: Any, after: Any, elsewhere: Any) -> Any:
        return before if after != elsewhere and by_revision(before, after, change) else after

    result = {}
    for name, obj in first.items():
        old = (*name[:3], with_revision(name[3], change))
        known = old if name not in live and name not in other and old in live else name
        twin = other.get(name) or other.get((*name[:3], with_revision(name[3], (1, change[1]))))
        comparable = known in live and twin is not None
        result[known] = _settle(live[known], obj, twin, leaf) if comparable else obj
    return result


def may_be_of_revision(live: Objects, first: Objects, change: tuple[int, int]) -> bool:
    """Whether a rendering for another revision is worth while: some difference may be its."""
    names = any(
        (*name[:3], with_revision(name[3], change)) in live for name in first if name not in live
    )
    pairs = _differences(live, first)
    return names or any(by_revision(before, after, change) for before, after in pairs)


def may_be_time(live: Objects, first: Objects) -> bool:
    """Whether a rendering at another second is worth while: some difference looks like a time."""
    return any(times(before, after) for before, after in _differences(live, first))


def changes_of(rendered: Objects, known: Objects) -> list[Change]:
    """The fields that helm generated, an entry for each object.

    Args:
        rendered: the objects as they were rendered.
        known: the same objects in the same order, settled.
    """
    pairs = zip(rendered.values(), known.values(), strict=True)
    found = [(old, list(_paths(new, old))) for new, old in pairs if new != old]
    return [
        Change(
            object=reference(obj),
            kind="generated",
            text="\n".join(f"{path}: generated at each rendering" for path in paths),
        )
        for obj, paths in found
    ]


def _live_names(
    live: Objects, first: Objects, second: Objects, renamed: Mapping[Key, Key]
) -> dict[Key, Key]:
    """From keys with generated names to those of the live objects that they stand for."""
    unclaimed = [name for name in live if name not in first]
    found: dict[Key, Key] = {}
    for name, twin in renamed.items():
        prefix = _stem(name[3], twin[3])
        candidates = [
            item for item in unclaimed if item[:3] == name[:3] and item[3].startswith(prefix)
        ]
        candidates.sort(key=lambda item: _differs(live[item], first[name], second[twin]))
        for item in candidates[:1]:
            found[name] = item
            unclaimed.remove(item)
    return found


def _stem(name: str, twin: str) -> str:
    """What two generated names have in common, up to the last separator."""
    return re.split(r"[^-.]*$", common_start(name, twin), maxsplit=1)[0]


def _differs(live: Object, first: Object, second: Object) -> bool:
    return bool(_settle(live, first, second, random) != live)


def _renamed(first: Objects, second: Objects) -> dict[Key, Key]:
    """The keys of objects whose name is generated, each with its key in the second rendering."""
    twins: dict[tuple[str, ...], list[Key]] = defaultdict(list)
    for name in second:
        if name not in first:
            twins[name[:3]].append(name)
    return {
        name: twins[name[:3]].pop(0) for name in first if name not in second and twins.get(name[:3])
    }


def _settle(live: Any, first: Any, second: Any, leaf: Leaf) -> Any:
    if first == second:
        return first
    if isinstance(first, dict) and isinstance(second, dict) and isinstance(live, dict):
        return {
            name: _settle(live[name], value, second[name], leaf)
            if name in live and name in second
            else value
            for name, value in first.items()
        }
    lists = all(isinstance(value, list) for value in (first, second, live))
    if lists and len(first) == len(second) == len(live):
        return [_settle(*items, leaf) for items in zip(live, first, second, strict=True)]
    return leaf(live, first, second)


def _differences(live: Objects, first: Objects) -> Iterator[tuple[Any, Any]]:
    for name, obj in first.items():
        if name in live:
            yield from _leaves(live[name], obj)


def _leaves(before: Any, after: Any) -> Iterator[tuple[Any, Any]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            yield from _leaves(before[name], after[name])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for pair in zip(before, after, strict=True):
            yield from _leaves(*pair)
    else:
        yield before, after


def _paths(rendered: Any, known: Any, path: str = "") -> Iterator[str]:
    """The dotted paths at which a value was generated."""
    if rendered == known:
        return
    if isinstance(rendered, dict) and isinstance(known, dict):
        for name in rendered.keys() & known.keys():
            yield from _paths(rendered[name], known[name], f"{path}.{name}" if path else name)
    elif isinstance(rendered, list) and isinstance(known, list):
        for index, pair in enumerate(zip(rendered, known, strict=False)):
            yield from _paths(*pair, f"{path}[{index}]")
    else:
        yield path
