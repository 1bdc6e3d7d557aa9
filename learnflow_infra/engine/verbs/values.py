"""Compute the values of releases."""

from learnflow_infra.clients import helm_choice
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.request.prepare import Prepared, prepare
from learnflow_infra.events import Emit


def values(options: Options, emit: Emit) -> list[Prepared]:
    """The releases with their computed values; a cluster is needed only to reuse values.

    Raises:
        InputError: a value, a flag or a skill is wrong.
        ArtifactError: a chart cannot be pulled.
    """
    plan = planning.for_values(options, emit)
    if any(release.profiles[plan.target.profile].remote for release in plan.releases):
        helm_choice.ensure(emit)
    return prepare(plan, emit)
