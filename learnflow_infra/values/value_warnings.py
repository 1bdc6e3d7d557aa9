"""Warnings about values that Helm accepts silently, mostly typing errors."""

from collections.abc import Sequence

from learnflow_infra.models import Values
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values.layers import Computed
from learnflow_infra.values.origins import Keys
from learnflow_infra.values.overrides import Overrides
from learnflow_infra.values.shared import GLOBAL
from learnflow_infra.values.unknown import UnknownKey, unknown_keys


def warnings(overrides: Overrides, computed: Sequence[Computed]) -> list[str]:
    """A line for each warning.

    Args:
        overrides: the user's files and flags.
        computed: the values of each release.
    """
    lines = list(overrides.warnings)
    for one in computed:
        lines += [f"{one.release}: {text}" for text in one.warnings]
        lines += [str(item) for item in one.unknown_keys()]
    return list(dict.fromkeys([*lines, *map(str, _unknown_globals(computed))]))


def _unknown_globals(computed: Sequence[Computed]) -> list[UnknownKey]:
    """Keys directly below `global` that no chart knows."""
    known = {key for one in computed for key in _known(one)}
    by_key = {key: one for one in computed for key in _global(one.values)}
    return [
        item.below(GLOBAL, by_key[item.path[0]].source_of((GLOBAL, *item.path)))
        for item in unknown_keys(dict.fromkeys(by_key), Defaults(values=dict.fromkeys(known)))
    ]


def _known(one: Computed) -> Keys:
    named = one.chart.named
    from_templates = [path[1] for path in named if path[0] == GLOBAL and len(path) > 1]
    return (*_global(one.chart.values), *from_templates)


def _global(values: Values) -> Values:
    shared = values.get(GLOBAL)
    return shared if isinstance(shared, dict) else {}
