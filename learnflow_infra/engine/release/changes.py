"""Pure: what changes from one manifest to another, object by object.

Secrets are masked. What Helm generates at each rendering (random passwords, certificates) is
recognised by rendering twice, and is no change.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from learnflow_infra import documents
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.masking import masked_secrets
from learnflow_infra.objects import Object, reference

Key = tuple[str, str, str, str]
"""API group, kind, namespace ("" as the manifest has none) and name: a version may change."""

Kind = Literal["added", "removed", "changed", "drifted", "adopted"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object that differs; `text` is a unified diff of YAML."""

    object: str
    kind: Kind
    text: str


def by_key(objects: Iterable[Object]) -> dict[Key, Object]:
    """The objects of a manifest by their key, in the same order."""
    return {key(obj): obj for obj in objects}


def key(obj: Object) -> Key:
    """What identifies an object in all versions of its API."""
    group = obj["apiVersion"].rpartition("/")[0]
    meta = obj["metadata"]
    return group, obj["kind"], meta.get("namespace", ""), meta["name"]


def diff(old: Mapping[Key, Object], new: Mapping[Key, Object]) -> list[Change]:
    """What differs from `old` to `new`: added and changed in the order of `new`, then removed."""
    result = []
    for name, obj in new.items():
        before = old.get(name)
        if before is None:
            result.append(change("added", None, obj))
        elif before != obj:
            result.append(change("changed", before, obj))
    return result + [change("removed", obj, None) for name, obj in old.items() if name not in new]


def change(kind: Kind, before: Object | None, after: Object | None) -> Change:
    """The change of one object; at least one of `before` and `after` is an object."""
    left, right = (_lines(obj) for obj in masked_secrets(before, after))
    text = "\n".join(list(difflib.unified_diff(left, right, lineterm="", n=3))[2:])
    name = next(reference(obj) for obj in (after, before) if obj)
    return Change(object=name, kind=kind, text=text)


def _lines(obj: Object | None) -> list[str]:
    return documents.dump(obj, sort_keys=True).splitlines() if obj else []


def settled(
    live: Mapping[Key, Object], first: Mapping[Key, Object], second: Mapping[Key, Object]
) -> dict[Key, Object]:
    """The first rendering, with the live value wherever the second rendering differs.

    Where two renderings of the same values differ, helm has generated the value.
    """
    return {
        name: _settle(live[name], obj, second[name]) if name in live and name in second else obj
        for name, obj in first.items()
    }


def _settle(live: Any, first: Any, second: Any) -> Any:
    if first == second:
        return first
    if isinstance(first, dict) and isinstance(second, dict) and isinstance(live, dict):
        return {
            name: _settle(live[name], value, second[name])
            if name in live and name in second
            else value
            for name, value in first.items()
        }
    lists = all(isinstance(value, list) for value in (first, second, live))
    if lists and len(first) == len(second) == len(live):
        return [_settle(*items) for items in zip(live, first, second, strict=True)]
    return live


def redacted(manifest: Manifest) -> str:
    """A manifest for a file: unchanged, unless it holds Secrets, whose values are masked."""
    if not any(obj["kind"] == "Secret" for obj in manifest.objects):
        return manifest.text
    return documents.dump_all(masked_secrets(obj)[0] or {} for obj in manifest.objects)
