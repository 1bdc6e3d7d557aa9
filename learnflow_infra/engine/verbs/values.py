"""Compute the values of releases."""

from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import Prepared, prepare
from learnflow_infra.events import Emit


def values(options: Options, emit: Emit) -> list[Prepared]:
    """The releases with their computed values; a cluster is needed only to reuse values.

    Raises:
        InputError: a value, a flag or a skill is wrong.
        ArtifactError: a chart cannot be pulled.
    """
    return prepare(planning.for_values(options, emit), emit)
