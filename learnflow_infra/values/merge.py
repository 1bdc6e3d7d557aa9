"""Helm's merge of values.

Source: https://helm.sh/docs/chart_template_guide/values_files/ and the behaviour of
`helm install -f a -f b`: mappings merge key by key, everything else (lists too) is
replaced, and a null stays until the chart's defaults are merged, where it deletes the key.
"""

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
