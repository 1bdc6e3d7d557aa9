"""Merge mappings as Helm merges values."""

from collections.abc import Iterator
from typing import Any, Literal

from learnflow_infra.dialect import Dialect
from learnflow_infra.models import Document

Nulls = Literal["keep", "delete"]
"""What a null in the upper mapping does to a key of the lower one: replace it, or delete it.

Helm keeps nulls while it merges files and flags, and lets them delete keys when it merges
the result with a chart's defaults.
"""


def merge(base: Document, over: Document, *, nulls: Nulls = "keep") -> Document:
    """`over` merged into `base`; neither is changed.

    Mappings are merged by key; other values, lists too, are replaced. A null for a key that
    `base` lacks, or has as null, is always kept.

    Source: https://helm.sh/docs/chart_template_guide/values_files/ and helm's behaviour.
    """
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = merge(below, value, nulls=nulls)
        elif value is None and below is not None and nulls == "delete":
            del merged[key]
        else:
            merged[key] = value
    return merged


def coalesce(defaults: Document, values: Document, dialect: Dialect) -> Document:
    """What a chart sees: its defaults, with the values merged into them.

    A null deletes a key of the defaults; at the top also one that is null there. Nulls of the
    defaults themselves stay or go by the dialect.

    Source: `coalesceValues` in Helm 3's pkg/chartutil and Helm 4's pkg/chart/common/util.
    """
    kept = dialect.default_nulls
    base = defaults if kept else {key: without_nulls(below) for key, below in defaults.items()}
    merged = merge(base, values, nulls="delete")
    deleted = {key for key in defaults if values.get(key, ...) is None}
    deleted |= set() if kept else {key for key in defaults if merged.get(key, ...) is None}
    return {key: value for key, value in merged.items() if key not in deleted}


def without_nulls(value: Any) -> Any:
    """Mappings without the keys that are null; lists stay as they are."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(below) for key, below in value.items() if below is not None}


def put(document: Document, dotted: str, value: object) -> Document:
    """A copy of `document` with the key at a dotted path set; mappings are created as needed."""
    head, _, rest = dotted.partition(".")
    below = document.get(head)
    inner = put(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**document, head: inner}


def leaves(
    document: Document, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and value of everything but non-empty mappings."""
    for key, value in document.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, value
