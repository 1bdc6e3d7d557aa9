"""Mask every value of a Secret."""

from typing import Literal

from learnflow_infra.fields import part
from learnflow_infra.masking.texts import MASK
from learnflow_infra.objects import Object

_PARTS: tuple[Literal["data"], Literal["stringData"]] = ("data", "stringData")


def masked_secrets(
    before: Object | None, after: Object | None = None
) -> tuple[Object | None, Object | None]:
    """Both states of an object, with a Secret's values masked and different values marked."""
    return _mask(before, after, "before"), _mask(after, before, "after")


def _mask(obj: Object | None, other: Object | None, side: str) -> Object | None:
    if obj is None or obj["kind"] != "Secret":
        return obj
    masked = obj.copy()
    for key in _PARTS:
        if key in obj:
            others = part(other or obj, key)
            values = part(obj, key).items()
            masked[key] = {name: _mask_value(v, others.get(name), side) for name, v in values}
    return masked


def _mask_value(value: object, other: object, side: str) -> str:
    return MASK if value == other else f"{MASK} ({side})"
