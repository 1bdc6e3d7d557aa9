"""Verify skills through the recorded endpoints; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import verification
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import connect
from learnflow_infra.events import Emit
from learnflow_infra.models import Skill
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.contracts import VerifyResult
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A result document for each skill, also for those with failed checks."""

    skills: Sequence[Skill]
    results: Sequence[VerifyResult]


def verify(options: Options, origin: verification.Origin, emit: Emit) -> Verified:
    """Verify the chosen skills through the recorded endpoints.

    Raises:
        ClusterUnreachableError: the cluster does not run, or a tunnel cannot be opened.
    """
    plan = planning.for_cluster(options, planning.choose(options, emit))
    session = connect(plan, emit)
    endpoints = session.record.endpoints
    endpoints = endpoints or outputs.document(session.target, session.namespace, [])
    results = tasks.complete(verification.verify_all(session, plan.skills, endpoints, origin))
    return Verified(skills=plan.skills, results=results)
