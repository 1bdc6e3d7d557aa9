"""Imports images into a running node, and builds those that are missing."""

from collections.abc import Sequence
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import api
from learnflow_infra.clusters.embedded.images import build, pruning
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe
from learnflow_infra.clusters.embedded.node import node_processes, runtime
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.events import Emit
from learnflow_infra.remedy import Command, Remedy


def known_images(name: str) -> set[str]:
    """The images that the node's status lists; empty if the API server does not answer."""
    config = cluster_files.load(name)
    if config is None or node_processes.running(name) is None:
        return set()
    try:
        client = api.connect(cluster_files.layout(name).kubeconfig)
        node = client.document(f"/api/v1/nodes/{config.node_name}")
    except (*api.ERRORS, OSError):
        return set()
    listed = node.get("status", {}).get("images", [])
    return {reference for image in listed for reference in image.get("names", [])}


def load_images(name: str, recipes: Sequence[Path], emit: Emit) -> None:
    """Build the images that are not in the cache, and import those that the node lacks.

    Raises:
        ClusterUnreachableError: the cluster does not run.
    """
    built = {}
    for folder in recipes:
        recipe = ImageRecipe.load(folder)
        archive = build.build(recipe, emit=emit)
        pruning.prune(archive)
        built[str(recipe.reference())] = archive
    node = require_running(name)
    with events.step(emit, "cluster/images", "Load images into the cluster") as step:
        new = runtime.import_missing(node, built)
        step.done(", ".join(new) or "all images are in the node", changed=bool(new))


def load_archive(name: str, archive: Path, names: Sequence[str], emit: Emit) -> None:
    """Import an archive of images that came from registries into the node.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        ArtifactError: containerd refused the archive.
        HostError: the disk is full.
    """
    node = require_running(name)
    with events.step(emit, "images/load", "Load images into the cluster") as step:
        new = runtime.import_archive(node, archive, names)
        step.done(", ".join(new) or "all images are in the node", changed=bool(new))


def require_running(name: str) -> node_processes.Node:
    """The cluster's node.

    Raises:
        ClusterUnreachableError: it does not run.
    """
    node = node_processes.running(name)
    if node is None:
        raise ClusterUnreachableError(
            f"The embedded cluster {name} does not run.",
            remedy=Remedy(Command("cluster", "up", "--name", name)),
        )
    return node
