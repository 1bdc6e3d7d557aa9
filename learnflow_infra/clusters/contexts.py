"""The contexts of kubeconfigs."""

from pathlib import Path

from learnflow_infra.clients.connection import DamagedKubeconfigError
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


def damage(context: str) -> str:
    """Why the kubeconfig cannot be read, in one line; "" if it can."""
    try:
        Kube(kubeconfig=None, context=context)
    except DamagedKubeconfigError as error:
        return " ".join(str(error.why).split())
    except ClusterUnreachableError:
        return ""
    return ""
