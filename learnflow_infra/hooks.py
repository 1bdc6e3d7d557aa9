"""Pure: the hooks of helm for which an object is created.

Source: https://helm.sh/docs/topics/charts_hooks/
"""

from collections.abc import Mapping
from typing import Any

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
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    value = annotations.get(_ANNOTATION) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None
