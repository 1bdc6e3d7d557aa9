"""Which clusters' nodes take images from this host, by the program that made the cluster."""

from collections.abc import Callable
from pathlib import Path

from learnflow_infra.clusters import kind, minikube
from learnflow_infra.errors import RefusedError
from learnflow_infra.locations import Target
from learnflow_infra.remedy import Command, Remedy

Load = Callable[[Path], object]
"""Takes a tar as `docker load` takes it."""


def loader(target: Target, command: Command) -> Load:
    """How images come into the nodes of a cluster that is not the embedded one.

    Args:
        target: the cluster.
        command: the one that pushes to a registry, for nodes that take images from there alone.

    Raises:
        RefusedError: the nodes take images only from registries.
    """
    if target.kind == "minikube":
        return lambda archive: minikube.load(target.context, archive)
    if name := kind.cluster(target.context):
        return lambda archive: kind.load(name, archive)
    raise RefusedError(
        f"Images cannot be loaded into the cluster of the context {target.context}.",
        why="Its nodes take images from a registry.",
        remedy=Remedy(command),
    )
