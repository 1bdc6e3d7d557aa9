"""The versions of this program, and of what it runs."""

import platform
from importlib import metadata

from learnflow_infra.clients import helm_choice
from learnflow_infra.clusters.embedded.programs import binary


def version() -> dict[str, str]:
    """Name to version, in the order of their importance; nothing is built.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
    """
    return {
        "learnflow-infra": metadata.version("learnflow-infra"),
        "helm": str(helm_choice.expected()),
        "kubernetes": f"{binary.version().removeprefix('v')} (embedded cluster)",
        "python": platform.python_version(),
    }
