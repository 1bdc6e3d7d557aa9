"""Where applications connect: the recorded endpoints."""

from dataclasses import dataclass

from learnflow_infra.engine.proof import records
from learnflow_infra.engine.request.session import Options, connect, read
from learnflow_infra.events import Emit
from learnflow_infra.models import Document
from learnflow_infra.outputs import endpoints as outputs


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The recorded endpoints in their three forms."""

    document: Document
    text: str
    env: str


def endpoints(options: Options, emit: Emit) -> Endpoints:
    """The recorded endpoints.

    Raises:
        ClusterUnreachableError: the cluster does not run, or nothing was recorded.
    """
    session = connect(read(options).target, options.namespace, emit)
    document = records.require_endpoints(session.kube, session.namespace)
    return Endpoints(
        document=document,
        text=outputs.as_text(document, outputs.kubectl_command(session.target)),
        env=outputs.as_env(document),
    )
