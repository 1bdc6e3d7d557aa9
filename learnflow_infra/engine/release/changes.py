"""Pure: what changes from one manifest to another, object by object.

Secrets are masked. What helm generates at each rendering is no change, see `generated`.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from learnflow_infra import documents
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.masking import masked_secrets
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.groups import group_of

Key = tuple[str, str, str, str]
"""API group, kind, namespace ("" as the manifest has none) and name: a version may change."""

Kind = Literal["added", "removed", "changed", "drifted", "adopted", "generated"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object that differs; `text` is a unified diff of YAML.

    Of a `generated` one, it names the fields that helm makes at each rendering.
    """

    object: str
    kind: Kind
    text: str


def by_key(objects: Iterable[Object]) -> dict[Key, Object]:
    """The objects of a manifest by their key, in the same order."""
    return {key(obj): obj for obj in objects}


def key(obj: Object) -> Key:
    """What identifies an object in all versions of its API."""
    meta = obj["metadata"]
    return group_of(obj["apiVersion"]), obj["kind"], meta.get("namespace", ""), meta["name"]


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


def redacted(manifest: Manifest) -> str:
    """A manifest for a file: unchanged, unless it holds Secrets, whose values are masked."""
    if not any(obj["kind"] == "Secret" for obj in manifest.objects):
        return manifest.text
    return documents.dump_all(masked_secrets(obj)[0] or {} for obj in manifest.objects)
