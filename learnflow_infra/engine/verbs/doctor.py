"""Run the checks that a deploy runs before it changes anything."""

from learnflow_infra.checks import Check
from learnflow_infra.engine.gate import checkout, foundation, machine
from learnflow_infra.engine.gate.rights import of_deploy
from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import compute_all
from learnflow_infra.engine.request.session import connect
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.locations import Target


def doctor(options: Options, emit: Emit) -> list[Check]:
    """The checks of the host and the cluster; a cluster that a deploy would start passes.

    Raises:
        InputError: a skill, the profile's name or a values file is wrong.
    """
    plan = planning.without_cluster(options, emit)
    local = [
        *checkout.checks(plan.target),
        *machine.checks(plan, lambda: needs.of_plan(plan, emit)),
    ]
    return [*local, *_cluster_checks(options, plan.target, emit)]


def _cluster_checks(options: Options, target: Target, emit: Emit) -> list[Check]:
    if target.state != "running":
        note = f"embedded cluster {target.cluster} does not run; deploy starts it"
        return [Check(name="cluster", passed=True, message=note)]
    try:
        plan = planning.for_cluster(options, target)
        session = connect(plan, emit)
        checks = foundation.cluster_checks(
            session.kube,
            session.access,
            lambda: needs.rights(session.kube, session.namespace, compute_all(plan, emit), emit),
            oldest=needs.kubernetes(plan),
            uses=of_deploy(verify=True),
        )
        return [*checks, *needs.checks(session, needs.of_plan(plan, emit))]
    except LearnflowError as error:
        return [Check(name="cluster", passed=False, message=error.what, remedy=error.remedy)]
