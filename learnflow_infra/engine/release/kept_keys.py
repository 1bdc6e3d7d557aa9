"""Pure: keys that are removed from a Secret's manifest, but not from the Secret.

The API server copies `stringData` into `data`, and records nobody as the manager of the copy, so
that a server-side apply does not remove it.
Source: https://github.com/kubernetes/kubernetes/issues/118519
"""

from learnflow_infra.fields import at
from learnflow_infra.objects import Object


def of(before: Object, desired: Object) -> list[str]:
    """The keys that an upgrade by server-side apply leaves.

    Args:
        before: the Secret as helm applied it last.
        desired: as helm will apply it.
    """
    removed = _keys(before, "stringData") - _keys(before, "data")
    return sorted(removed - _keys(desired, "data") - _keys(desired, "stringData"))


def _keys(secret: Object, part: str) -> set[str]:
    """The keys of a part, which a chart may have rendered as something else than a mapping."""
    value = at(secret, part)
    return set(value) if isinstance(value, dict) else set()
