"""The foundation gate alone, changing nothing."""

from learnflow_infra.clusters import embedded
from learnflow_infra.engine.gate import checkout, checks, machine
from learnflow_infra.engine.request.session import Options, connect, read
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.models import Check


def doctor(options: Options, emit: Emit) -> list[Check]:
    """The foundation gate alone; a cluster that deploy would start is no failure."""
    request = read(options)
    target = request.target
    found = [*checkout.checks(target), *machine.checks(request)]
    if target.cluster and embedded.status(target.cluster).state != "running":
        note = f"embedded cluster {target.cluster} does not run; deploy starts it"
        stopped = Check(name="cluster", passed=True, message=note)
        return [*found, stopped]
    try:
        session = connect(target, options.namespace, emit)
        return [*found, *checks.foundation_checks(session, request)]
    except LearnflowError as error:
        failed = Check(name="cluster", passed=False, message=error.what, remedy=error.remedy)
        return [*found, failed]
