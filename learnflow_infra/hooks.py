"""Pure: the hooks of helm for which an object is created.

Source: https://helm.sh/docs/topics/charts_hooks/
"""

from collections.abc import Mapping
from typing import Any

from learnflow_infra.fields import at

_ANNOTATION = "helm.sh/hook"
_TESTS = {"test", "test-success"}


def hooks_of(obj: Mapping[str, Any]) -> set[str]:
    """The hooks of an object, which may be malformed; empty of an object of the release."""
    return {hook.strip() for hook in (_annotation(obj) or "").split(",")} - {""}


def is_hook(obj: Mapping[str, Any]) -> bool:
    """Whether the object belongs to a hook, which helm creates anew at each run of it."""
    return _annotation(obj) is not None


def is_only_test(obj: Mapping[str, Any]) -> bool:
    """Whether only `helm test` creates the object, which a deploy does not run."""
    hooks = hooks_of(obj)
    return bool(hooks) and hooks <= _TESTS


def _annotation(obj: Mapping[str, Any]) -> str | None:
    value = at(obj, "metadata", "annotations", _ANNOTATION)
    return value if isinstance(value, str) else None
