"""The contexts of kubeconfigs."""

from pathlib import Path

from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError


def server(context: str, kubeconfig: Path | None = None) -> str:
    """The URL of a context's API server; "" if the kubeconfig does not have the context.

    Args:
        context: its name.
        kubeconfig: a file; None reads what $KUBECONFIG names.
    """
    try:
        return Kube(kubeconfig=kubeconfig, context=context).server
    except ClusterUnreachableError:
        return ""
