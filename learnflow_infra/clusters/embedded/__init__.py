"""A real Kubernetes without Docker: one process tree in its own namespaces, on this host.

    prepare(recipes, emit=emit)              build what is missing, ahead of time
    up("learnflow", emit=emit) -> Cluster    create or start; nothing to do when it runs
    load_images("learnflow", recipes, emit=emit) -> {recipe: reference}
    stop, delete, status, list_clusters

An ordinary user's calls do what needs root in a child under sudo (see `elevate`).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra.clusters.embedded import elevate, process, state
from learnflow_infra.clusters.embedded.host import packages, requirements
from learnflow_infra.clusters.embedded.images import build, helpers, loading
from learnflow_infra.clusters.embedded.images.build import ImageRecipe, ImageRef
from learnflow_infra.clusters.embedded.images.rootfs import DEBIAN_KEYS
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.clusters.embedded.state import Cluster
from learnflow_infra.events import Emit

__all__ = [
    "Cluster",
    "ImageRecipe",
    "ImageRef",
    "delete",
    "known_images",
    "list_clusters",
    "load_archive",
    "load_images",
    "prepare",
    "reference",
    "status",
    "stop",
    "up",
]


def prepare(recipes: Sequence[Path], *, emit: Emit) -> None:
    """Install and build whatever `up` and `load_images` will need, images while Go compiles.

    Raises:
        HostError: this host cannot run the embedded cluster, or its disk is full.
        ArtifactError: something cannot be downloaded or built.
    """
    requirements.require_linux()
    requirements.require_root_way()
    wanted = [build.ImageRecipe.load(folder) for folder in recipes]
    unbuilt = [recipe for recipe in wanted if not build.built_path(recipe).exists()]
    packages.ensure_packages(requirements.PROGRAMS | _image_programs(unbuilt), emit=emit)
    with ThreadPoolExecutor() as pool, process.ended_on_error():
        programs = pool.submit(lambda: helpers.ensure(binary.ensure(emit), emit))
        elevate.build_images([recipe.folder for recipe in unbuilt], emit)
        programs.result()


def _image_programs(unbuilt: Sequence[ImageRecipe]) -> dict[str, str]:
    """Programs (or files) that building these images needs, and their packages."""
    needed: dict[str, str] = {}
    if unbuilt:
        needed |= {"mmdebstrap": "mmdebstrap", DEBIAN_KEYS: "debian-archive-keyring"}
    if any(recipe.maven for recipe in unbuilt):
        needed |= {"mvn": "maven"}
    return needed


def up(name: str, *, emit: Emit, subnet: str | None = None) -> Cluster:
    """Create or start a cluster; returns when its node is Ready and its DNS answers.

    Args:
        name: of the cluster; lower case letters, digits and dashes.
        emit: takes the events.
        subnet: a /30 for the link to the host, for a new cluster; None takes a free one.

    Raises:
        UsageError: the name or the subnet is malformed.
        HostError: this host cannot run it (no root, a full disk, a subnet in use).
        NotReadyError: a component did not become ready in time.
    """
    requirements.require_linux()
    state.check_name(name)
    elevate.up(name, emit, subnet)
    return status(name)


def reference(recipe: Path) -> ImageRef:
    """The reference of a recipe's image, whether it is built yet or not."""
    return build.ImageRecipe.load(recipe).reference()


def load_images(name: str, recipes: Sequence[Path], *, emit: Emit) -> dict[Path, ImageRef]:
    """Build what is missing and import it into the cluster; references by recipe.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        ArtifactError: an image cannot be built.
    """
    elevate.load_images(name, recipes, emit)
    return {folder: reference(folder) for folder in recipes}


def known_images(name: str) -> set[str]:
    """The images that a cluster's node says it has, by every name; empty when it is not there."""
    return loading.known_images(name)


def load_archive(name: str, archive: Path, named: Sequence[str], *, emit: Emit) -> None:
    """Import images into the cluster.

    Args:
        name: of the cluster.
        archive: a tar of an OCI layout, that root may read.
        named: the references of the images in it; nothing is done when the node has them all.
        emit: takes the events.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        HostError: the node refused it.
    """
    elevate.load_archive(name, archive, named, emit)


def stop(name: str, *, emit: Emit) -> None:
    """Stop a cluster gracefully and keep all its data."""
    state.check_name(name)
    elevate.stop(name, emit)


def delete(name: str, *, emit: Emit) -> None:
    """Remove a cluster and all its data; the cache stays."""
    state.check_name(name)
    elevate.delete(name, emit)


def status(name: str) -> Cluster:
    """What a cluster is now; nothing is changed and nothing asked over the network."""
    config = state.load(name)
    alive = config is not None and state.running(name) is not None
    return Cluster(
        name=name,
        state="absent" if config is None else "running" if alive else "stopped",
        node_address=str(config.node_address) if config else None,
        kubeconfig=state.layout(name).kubeconfig,
        context=state.CONTEXT_PREFIX + name,
        kubectl=binary.kubectl(),
        version=binary.version(),
    )


def list_clusters() -> list[Cluster]:
    """Every embedded cluster of this user."""
    return [status(name) for name in state.names()]
