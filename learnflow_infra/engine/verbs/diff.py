"""Compare the desired releases with the cluster; nothing is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate import checkout, foundation
from learnflow_infra.engine.preflight import notices
from learnflow_infra.engine.preflight.preview import preview, require_images, require_machine
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.foreign import Foreign
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.engine.request.session import connect
from learnflow_infra.events import Emit
from learnflow_infra.models import ReleaseName

_NEXT_ACTIONS: Mapping[Action, Action] = {
    Action.ROLL_BACK: Action.UPGRADE,
    Action.UNINSTALL: Action.INSTALL,
    Action.ADOPT: Action.UPGRADE,
}
"""The action that follows a recovery, or an adoption."""


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


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What a deploy would do.

    `namespace` is the one that it would create, "" if it exists; `secrets` are the names of
    those that it would generate.
    """

    namespace: str
    secrets: Sequence[str]
    releases: Sequence[Planned]

    @property
    def changed(self) -> bool:
        """A deploy would change something."""
        releases = any(item.changed for item in self.releases)
        return bool(self.namespace or self.secrets) or releases


def diff(options: Options, emit: Emit) -> Diff:
    """Compare the desired releases with the live ones, and refuse what a deploy would refuse.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        LearnflowError: a deploy would end with it.
    """
    target = planning.choose(options, emit)
    foundation.require(checkout.checks(target))
    plan = planning.for_cluster(options, target)
    require_machine(plan, emit)
    require_images(plan)
    prepared = prepare(plan, emit)
    targets.require_running(plan.target)
    session = connect(plan, emit)
    found = preview(session, plan, prepared, adopt=options.adopt)
    notices.claims_being_deleted(session, found.comparisons)
    pending = {name for item in found.crds for name in item.pending}
    return Diff(
        namespace=found.namespace,
        secrets=[credential.secret for credential in found.secrets],
        releases=[_planned(item, pending, found.foreign) for item in found.comparisons],
    )


def _planned(item: Comparison, pending: set[str], foreign: Sequence[Foreign]) -> Planned:
    release = item.prepared.release.name
    adopted = [found.as_change for found in foreign if found.release == release]
    known = {change.object for change in adopted}
    names = [crd["metadata"]["name"] for crd in item.prepared.chart.crds]
    return Planned(
        release=release,
        action=_NEXT_ACTIONS.get(item.action, item.action),
        crds=[name for name in names if name in pending],
        changes=[
            *adopted,
            *(change for change in item.diff if change.object not in known),
            *(finding.change for finding in item.findings if not finding.stays),
            *item.generated,
        ],
    )
