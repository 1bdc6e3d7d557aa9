"""Pure: values of an earlier deploy beside those of this one."""

from collections.abc import Collection, Sequence
from typing import Any

from learnflow_infra.documents.merging import leaves
from learnflow_infra.masking.names import is_secret
from learnflow_infra.models import Values
from learnflow_infra.values.exponents import SMALLEST
from learnflow_infra.values.layers import Computed, Layer
from learnflow_infra.values.numbers import require_recorded
from learnflow_infra.values.origins import Keys, dotted
from learnflow_infra.values.typed import SetInteger

_SHOWN = 12
"""Keys that a line names at most."""


def differing(old: Values, new: Values, skip: Collection[Keys] = ()) -> dict[Keys, Any]:
    """The values of `old` that are not in `new`, by their paths; a list is one value.

    Args:
        old: user-supplied values of an earlier deploy.
        new: those of this one.
        skip: paths that are left out, with all below them.
    """
    now = dict(leaves(new))
    return {
        path: value
        for path, value in leaves(old)
        if (path not in now or now[path] != value)
        and not (value == {} and path not in now)  # it sets nothing
        and not any(path[: len(prefix)] == prefix for prefix in skip)
    }


def dropped(old: Values, computed: Computed, skip: Collection[Keys] = ()) -> list[str]:
    """The keys of `old` that this deploy drops or changes, though no flag or file of it does.

    Returns:
        The keys in the syntax of `--set`, with the release first.
    """
    paths = differing(old, computed.values, skip)
    silent = [path for path in paths if not computed.source_of(path).startswith("-")]
    return [dotted((computed.release, *path)) for path in silent]


def line(keys: Sequence[str]) -> str:
    """One line about dropped keys."""
    rest = len(keys) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return (
        f"Warning: this run drops or changes back values of the last deploy: "
        f"{', '.join(keys[:_SHOWN])}{more}. To keep them: --reuse-values"
    )


def layer(name: str, values: dict[Keys, Any]) -> Layer:
    """A layer of these values, whose integers a template prints with all digits.

    Raises:
        InputError: helm's record may have rounded one.
    """
    tree: Values = {}
    for path, value in values.items():
        require_recorded(name, path, value)
        below = tree
        for key in path[:-1]:
            below = below.setdefault(key, {})
        below[path[-1]] = _exact(value, path)
    return Layer(name=name, values=tree)


def _exact(value: Any, path: Keys) -> Any:
    """Secrets are not marked: marked integers are on helm's command line."""
    if isinstance(value, list):
        return [_exact(item, path) for item in value]
    if isinstance(value, dict):
        return {key: _exact(item, (*path, key)) for key, item in value.items()}
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    large = is_integer and abs(value) >= SMALLEST
    return SetInteger(value) if large and not is_secret(path) else value
