"""Compare the desired releases with the cluster; nothing is changed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.engine.release import crds as definitions
from learnflow_infra.engine.release import validate
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.compare import Comparison, compare_all
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.engine.request.session import connect
from learnflow_infra.events import Emit, step
from learnflow_infra.models import ReleaseName

_NEXT_ACTIONS: Mapping[Action, Action] = {
    Action.ROLL_BACK: Action.UPGRADE,
    Action.UNINSTALL: Action.INSTALL,
    Action.REFUSE: Action.UPGRADE,
}
"""The action that follows a recovery, or the end of another helm's operation."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a deploy would do with a release; `crds` are those that it would apply."""

    release: ReleaseName
    action: Action
    crds: Sequence[str]
    changes: Sequence[Change]

    @property
    def changed(self) -> bool:
        """A deploy would change something."""
        return self.action is not Action.NONE or bool(self.crds)


def diff(options: Options, emit: Emit, *, ask_server: bool = False) -> list[Planned]:
    """Compare the desired releases with the live ones and their objects.

    Args:
        options: of the command line.
        emit: takes the events.
        ask_server: let the API server check every object (`--dry-run=server`).

    Raises:
        ClusterUnreachableError: the cluster does not run.
        InputError: an object would be refused.
    """
    plan = planning.for_cluster(options)
    prepared = prepare(plan, emit)
    session = connect(plan, emit)
    with step(emit, "compare", "Compare with the cluster") as running:
        comparisons = asyncio.run(compare_all(session, prepared))
        validate.require(
            validate.against_crds([(c.prepared, c.desired.manifest) for c in comparisons])
        )
        if ask_server:
            validate.require(validate.by_server(session, comparisons))
        running.done(f"{len(comparisons)} releases", changed=None)
    pending = {
        crd["metadata"]["name"]
        for crd in definitions.pending(session.kube, [item.chart for item in prepared])
    }
    return [_planned(item, pending) for item in comparisons]


def _planned(item: Comparison, pending: set[str]) -> Planned:
    names = [crd["metadata"]["name"] for crd in item.prepared.chart.crds]
    return Planned(
        release=item.prepared.release.name,
        action=_NEXT_ACTIONS.get(item.action, item.action),
        crds=[name for name in names if name in pending],
        changes=[*item.diff, *(finding.change for finding in item.findings)],
    )
