"""Run the checks that a deploy runs before it changes anything."""

from collections.abc import Callable

from learnflow_infra.checks import Check
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.gate import checkout, foundation, machine
from learnflow_infra.engine.gate.rights import of_deploy
from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import compute_all
from learnflow_infra.engine.request.session import connect
from learnflow_infra.errors import InputError, LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.locations import Target


def doctor(options: Options, emit: Emit) -> list[Check]:
    """The checks of the host and the cluster; a cluster that a deploy would start passes.

    Raises:
        InputError: a skill, the profile's name, a value or LEARNFLOW_HELM is wrong.
    """
    plan = planning.without_cluster(options, emit)
    host = _listed("releases", lambda: machine.checks(plan, lambda: needs.of_plan(plan, emit)))
    cluster = _listed("cluster", lambda: _cluster_checks(options, plan.target, emit))
    return [*checkout.checks(plan.target), *host, *cluster]  # the others may have built helm


def _listed(name: str, checks: Callable[[], list[Check]]) -> list[Check]:
    """The checks; an error that ends them is a failed one, so that the others are listed."""
    try:
        return checks()
    except InputError:
        raise
    except LearnflowError as error:
        return [Check(name=name, passed=False, message=error.what, remedy=error.remedy)]


def _cluster_checks(options: Options, target: Target, emit: Emit) -> list[Check]:
    upgrade = _upgrade(target.cluster) if target.cluster else []
    if target.state != "running":
        note = f"embedded cluster {target.cluster} does not run; deploy starts it"
        return [Check(name="cluster", passed=True, message=note), *upgrade]
    plan = planning.for_cluster(options, target)
    session = connect(plan, emit)
    checks = foundation.cluster_checks(
        session.kube,
        session.access,
        lambda: needs.rights(session.kube, plan, compute_all(plan, emit), emit),
        oldest=needs.kubernetes(plan),
        uses=of_deploy(verify=True),
    )
    return [*upgrade, *checks, *needs.checks(session, needs.of_plan(plan, emit))]


def _upgrade(cluster: str) -> list[Check]:
    """What a deploy does to a cluster that an older version of this program started."""
    earlier = embedded.earlier_versions(cluster)
    note = f"deploy upgrades embedded cluster {cluster}, which has {earlier}"
    return [Check(name="cluster upgrade", passed=True, message=note)] if earlier else []
