"""Why a key has its value: the chain of its origins, for people and for programs."""

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
from learnflow_infra.values.origins import Index, Keys, Origin, dotted, shown, undotted

WIDTH = 48
"""Longer values are cut in the text form; characters."""
_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A key, after its release, whether it is set, and the chain of its origins, lowest first."""

    key: str
    is_set: bool
    value: Any
    chain: tuple[Origin, ...]


def explain(computed: Sequence[Computed], key: str) -> list[Explanation]:
    """The explanations of a key, or of every key below it.

    Args:
        computed: the releases to look at.
        key: as `--set` takes it, with the release or `global` in front; what stands behind
            an index is not looked at, for a list is set as a whole.

    Raises:
        InputError: no layer sets the key; with what was probably meant.
    """
    path = tuple(undotted(re.split(r"(?<!\\)\[", key)[0]))
    found = [item for one in computed for item in _explain(one, path)]
    if not found:
        raise _unknown_key(computed, key)
    return found


def _explain(one: Computed, path: Keys) -> Iterator[Explanation]:
    if path[0] not in (one.release, "global"):
        return
    inner = path if path[0] == "global" else path[1:]
    paths = [tuple(undotted(name)) for name in one.origins]
    below = [item for item in paths if item[: len(inner)] == inner]
    index = Index(one.statements)
    for item in sorted(below) or [inner]:
        value = _dig(one.seen, item)
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
    known = [f"{dotted([one.release])}.{name}" for one in computed for name in one.origins]
    near = difflib.get_close_matches(key, known, n=1) or [
        name for name in known if name.endswith(f".{key.rpartition('.')[2]}")
    ]
    releases = ", ".join(one.release for one in computed)
    return InputError(
        f"--explain {key}: no chart and no layer sets this key.",
        why=f"A key begins with its release ({releases}) or with global.",
        remedy=f"Did you mean {near[0]}?" if near else Remedy("See all keys: ", Command("values")),
    )


def document(explanations: Sequence[Explanation]) -> list[Values]:
    """The explanations for programs, secrets hidden."""
    return [
        {
            "key": item.key,
            "set": item.is_set,
            "value": shown(item.key, item.value),
            "origins": [
                {
                    "source": origin.source,
                    **({"key": origin.key} if origin.key else {}),
                    "value": shown(origin.key or item.key, origin.value),
                }
                for origin in item.chain
            ],
        }
        for item in explanations
    ]


def text(explanation: Explanation) -> str:
    """The chain for people: lowest layer first, the one in force last and marked by `=`.

    A line that ends a key's life is marked by `-`; one about another key names it.
    """
    known: Mapping[str, Any] = document([explanation])[0]
    value = _brief(known["value"]) if explanation.is_set else "not set"
    words = [
        f"{origin['key']}: {_brief(origin['value'])}"
        if "key" in origin
        else _brief(origin["value"])
        for origin in known["origins"]
    ]
    width = max(map(len, words))
    marks = [" "] * (len(words) - 1) + ["=" if explanation.is_set else "-"]
    lines = [
        f"  {mark} {word:{width}}  {origin['source']}"
        for mark, word, origin in zip(marks, words, known["origins"], strict=True)
    ]
    return "\n".join([f"{explanation.key}: {value}", *lines])


def _brief(value: Any) -> str:
    bare = isinstance(value, str) and value == value.strip() and scalars.plain(value) == value
    said = str(value) if bare else json.dumps(value, ensure_ascii=False)
    said = said.replace("\n", "\\n")
    return said if len(said) <= WIDTH else said[: WIDTH - 1] + "…"
