"""Helm's `global`: values of a parent chart for its subcharts.

Source: https://helm.sh/docs/chart_template_guide/subcharts_and_globals/ and helm's behaviour.
"""

from learnflow_infra.documents.merging import merge
from learnflow_infra.models import Values

GLOBAL = "global"


def with_globals(values: Values, shared: object) -> tuple[Values, dict[str, str]]:
    """The values of a subchart with its parent's `global` merged into its own.

    The parent's values win, key by key. If only one side has a mapping, Helm keeps the
    subchart's value.

    Returns:
        The values, and a reason for each key of `global` that is ignored (`""` for all).
    """
    if shared == {}:
        return values, {}
    if not isinstance(shared, dict):
        return values, {"": "is not a mapping, and reaches no chart"}
    own = values.get(GLOBAL, {})
    if not isinstance(own, dict):
        return values, {"": "has no effect, because `global` of the release is not a mapping"}
    ignored = {
        key: "is a mapping on one side only" for key in shared if _kinds_differ(own, shared, key)
    }
    used = {key: value for key, value in shared.items() if key not in ignored}
    return {**values, GLOBAL: merge(own, used)}, ignored


def _kinds_differ(own: Values, shared: Values, key: str) -> bool:
    return key in own and isinstance(own[key], dict) != isinstance(shared[key], dict)
