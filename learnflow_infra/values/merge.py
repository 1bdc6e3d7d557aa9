"""Helm's merges of values.

Source: https://helm.sh/docs/chart_template_guide/values_files/,
https://helm.sh/docs/chart_template_guide/subcharts_and_globals/ and the behaviour of
`helm install -f a -f b`: mappings merge key by key, everything else (lists too) is
replaced, and a null stays until the chart's defaults are merged, where it deletes the key.
"""

from collections.abc import Iterator
from typing import Any

from learnflow_infra.models import Document


def merge(base: Document, over: Document) -> Document:
    """`over` laid on `base`; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def put(document: Document, dotted: str, value: object) -> Document:
    """`document` with the key at a dotted path set, mappings made on the way."""
    head, _, rest = dotted.partition(".")
    below = document.get(head)
    inner = put(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**document, head: inner}


def coalesce(defaults: Document, values: Document) -> Document:
    """What a chart sees: values over the chart's defaults, where a null deletes a default.

    A null without a default below it stays a null, as in Helm.
    """
    seen: Document = {}
    for key, default in defaults.items():
        value = values.get(key)
        if key not in values:
            seen[key] = default
        elif isinstance(default, dict) and isinstance(value, dict):
            seen[key] = coalesce(default, value)
        elif value is not None:
            seen[key] = value
    return {**seen, **{key: value for key, value in values.items() if key not in defaults}}


def with_globals(values: Document, shared: object) -> tuple[Document, dict[str, str]]:
    """The values of a subchart with its parent's `global` in its own.

    The parent's wins, key by key; but where one of both is a mapping and the other is not,
    Helm leaves the subchart's own alone.

    Returns:
        The values, and why each key of `global` (`""` for all of it) was left alone.
    """
    if shared == {}:
        return values, {}
    if not isinstance(shared, dict):
        return values, {"": "is no mapping, and reaches no chart"}
    own = values.get("global", {})
    if not isinstance(own, dict):
        return values, {"": "meets a `global` of the release that is no mapping"}
    kept = {key: "is a mapping on one side only" for key in shared if _differ(own, shared, key)}
    taken = {key: value for key, value in shared.items() if key not in kept}
    return {**values, "global": merge(own, taken)}, kept


def _differ(own: Document, shared: Document, key: str) -> bool:
    return key in own and isinstance(own[key], dict) != isinstance(shared[key], dict)


def leaves(
    document: Document, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and value of everything that is no mapping, and of empty mappings."""
    for key, value in document.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, value
