"""Show the endpoints that the cluster records."""

from dataclasses import dataclass

from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import connect
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.contracts import EndpointsDocument
from learnflow_infra.remedy import Command, Remedy


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The recorded endpoints in their three forms."""

    document: EndpointsDocument
    text: str
    env: str


def endpoints(options: Options, emit: Emit) -> Endpoints:
    """The recorded endpoints.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        InputError: no endpoints are recorded there.
    """
    session = connect(planning.for_cluster(options, planning.choose(options, emit)), emit)
    document = session.record.endpoints
    if not document.get("endpoints"):
        raise InputError(
            f"No endpoints are recorded in the namespace {session.namespace}.",
            why="A deploy records them at its end, and a delete removes them.",
            remedy=Remedy(Command("deploy")),
        )
    return Endpoints(
        document=document,
        text=outputs.as_text(document, outputs.kubectl_command(session.target)),
        env=outputs.as_env(document),
    )
