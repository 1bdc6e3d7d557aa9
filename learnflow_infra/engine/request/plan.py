"""What a run is about: the cluster, its profile, and the releases."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from learnflow_infra.clients.access import Access
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.dialect import HELM_4, Dialect
from learnflow_infra.engine.request.foreign_revisions import ForeignRevision
from learnflow_infra.engine.request.operators import Operator
from learnflow_infra.locations import Target
from learnflow_infra.models import Release, ReleaseName, Skill
from learnflow_infra.outputs.record import Record
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.values import Overrides


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options, checked against the skills and the files; nothing is changed yet.

    `skills` are those of the options and those that they need; `releases` are their releases,
    needs first. `record` is the cluster's; None if it was not read, or the cluster does not run.
    `previous` are the revisions whose values are reused, `foreign` those made with helm whose
    values are kept. `operators` are those that others run in the cluster; the releases in place of
    which one of them is used are not among `releases`. `access` is what the user may do there.
    `verify`: the skills are verified at the end. `dialect` is that of the helm to use.
    """

    target: Target
    namespace: str
    skills: tuple[Skill, ...]
    releases: tuple[Release, ...]
    overrides: Overrides
    mirrors: tuple[Mirror, ...]
    record: Record | None = None
    previous: Mapping[ReleaseName, Live] = field(default_factory=dict)
    foreign: Mapping[ReleaseName, ForeignRevision] = field(default_factory=dict)
    allow_recreate: bool = False
    force_conflicts: bool = False
    operators: tuple[Operator, ...] = ()
    access: Access | None = None
    verify: bool = True
    dialect: Dialect = HELM_4
