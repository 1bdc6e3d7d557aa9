"""Loads images into kind's nodes (https://kind.sigs.k8s.io)."""

from functools import partial
from pathlib import Path

from learnflow_infra.clusters import image_load
from learnflow_infra.errors import ArtifactError

PREFIX = "kind-"
"""kind names the context of its cluster NAME `kind-NAME`."""


def cluster(context: str) -> str:
    """The kind cluster of a context; "" if the context is not one of kind's."""
    return context.removeprefix(PREFIX) if context.startswith(PREFIX) else ""


def load(name: str, archive: Path) -> None:
    """Load an image into a cluster's nodes.

    Args:
        name: of the cluster.
        archive: a tar as `docker load` takes it.

    Raises:
        ArtifactError: kind failed; `why` is its stderr.
    """
    command = ["kind", "load", "image-archive", str(archive), "--name", name]
    image_load.run(command, partial(_failed, name))


def _failed(name: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"kind could not load an image into its cluster {name}.",
        why=why,
        remedy="Check that the program kind is on PATH and knows the cluster: kind get clusters",
    )
