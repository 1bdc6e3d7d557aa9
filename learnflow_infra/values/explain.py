"""Explain the value of a key: the chain of its origins, as text and as a document."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.documents import scalars
from learnflow_infra.errors import InputError
from learnflow_infra.models import ReleaseName, Values
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.values.layers import Computed
from learnflow_infra.values.origins import (
    Index,
    Keys,
    Origin,
    dotted,
    origin_document,
    shown,
    undotted,
)

WIDTH = 48
"""Maximum length of a value in the text form, in characters."""
_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A key (with its release), whether it is set, and its origins, lowest layer first."""

    key: str
    is_set: bool
    value: Any
    chain: tuple[Origin, ...]


def explain(computed: Sequence[Computed], key: str) -> list[Explanation]:
    """The explanations of a key, or of every key below it.

    Args:
        computed: the releases.
        key: as in `--set`, with the release or `global` first; a list is one value, so the
            part after an index is ignored.

    Raises:
        InputError: no layer sets the key; with a suggestion.
    """
    path = tuple(undotted(re.split(r"(?<!\\)\[", key)[0]))
    explanations = [item for one in computed for item in _explain(one, path)]
    if not explanations:
        raise _unknown_key(computed, key)
    return explanations


def _explain(one: Computed, path: Keys) -> Iterator[Explanation]:
    if path[0] not in (one.release, "global"):
        return
    inner = path if path[0] == "global" else path[1:]
    paths = [tuple(undotted(name)) for name in one.origins]
    below = [item for item in paths if item[: len(inner)] == inner]
    index = Index(one.statements)
    for item in sorted(below) or [inner]:
        value = _dig(one.effective, item)
        is_set = value is not _MISSING
        chain = index.chain(item, is_set=is_set)
        if any(not origin.key for origin in chain):
            yield Explanation(
                key=dotted((one.release, *item)),
                is_set=is_set,
                value=value if is_set else None,
                chain=_scoped(one.release, chain),
            )


def _scoped(release: ReleaseName, chain: Sequence[Origin]) -> tuple[Origin, ...]:
    return tuple(
        Origin(source=o.source, value=o.value, key=f"{dotted([release])}.{o.key}" if o.key else "")
        for o in chain
    )


def _dig(values: Any, path: Keys) -> Any:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return _MISSING
        values = values[name]
    return values


def _unknown_key(computed: Sequence[Computed], key: str) -> InputError:
    keys = [f"{dotted([one.release])}.{name}" for one in computed for name in one.origins]
    near = difflib.get_close_matches(key, keys, n=1) or [
        name for name in keys if name.endswith(f".{key.rpartition('.')[2]}")
    ]
    releases = ", ".join(one.release for one in computed)
    return InputError(
        f"--explain {key}: no chart and no layer sets this key.",
        why=f"A key begins with its release ({releases}) or with global.",
        remedy=f"Did you mean {near[0]}?" if near else Remedy("See all keys: ", Command("values")),
    )


def document(explanations: Sequence[Explanation]) -> list[Values]:
    """The explanations as JSON, with secrets masked."""
    return [
        {
            "key": item.key,
            "set": item.is_set,
            "value": shown(item.key, item.value),
            "origins": [origin_document(item.key, origin) for origin in item.chain],
        }
        for item in explanations
    ]


def text(explanation: Explanation) -> str:
    """The chain as text, lowest layer first; the last line is marked `=`, or `-` if not set.

    A line about another key names it.
    """
    explained: Mapping[str, Any] = document([explanation])[0]
    value = _brief(explained["value"]) if explanation.is_set else "not set"
    words = [
        f"{origin['key']}: {_brief(origin['value'])}"
        if "key" in origin
        else _brief(origin["value"])
        for origin in explained["origins"]
    ]
    width = max(map(len, words))
    marks = [" "] * (len(words) - 1) + ["=" if explanation.is_set else "-"]
    lines = [
        f"  {mark} {word:{width}}  {origin['source']}"
        for mark, word, origin in zip(marks, words, explained["origins"], strict=True)
    ]
    return "\n".join([f"{explanation.key}: {value}", *lines])


def _brief(value: Any) -> str:
    bare = isinstance(value, str) and value == value.strip() and scalars.plain(value) == value
    shortened = str(value) if bare else json.dumps(value, ensure_ascii=False)
    shortened = shortened.replace("\n", "\\n")
    return shortened if len(shortened) <= WIDTH else shortened[: WIDTH - 1] + "…"
