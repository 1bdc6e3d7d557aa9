"""A real Kubernetes without Docker: one process tree in its own namespaces, on this host.

    prepare(recipes, emit=emit)              build what is missing, ahead of time
    up("learnflow", emit=emit) -> Cluster    create or start; changes nothing when it runs
    load_images("learnflow", recipes, emit=emit) -> {recipe: reference}
    stop, delete, status

A recipe is a folder with an image.yaml. Commands that need root run in a child under sudo
if the user is not root (see `elevate`).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded import cluster_files, elevate, inventory, lifecycle, upgrade
from learnflow_infra.clusters.embedded.cluster_files import CONTEXT_PREFIX
from learnflow_infra.clusters.embedded.commands import (
    BuildImages,
    Delete,
    LoadArchive,
    LoadImages,
    Stop,
    Up,
)
from learnflow_infra.clusters.embedded.host import packages, privileges, requirements
from learnflow_infra.clusters.embedded.host.packages import ensure_packages
from learnflow_infra.clusters.embedded.host.requirements import require_host
from learnflow_infra.clusters.embedded.images import build, pause
from learnflow_infra.clusters.embedded.images.loading import known_images
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe, ImageRef
from learnflow_infra.clusters.embedded.inventory import Cluster
from learnflow_infra.clusters.embedded.programs import binary, runc_build
from learnflow_infra.events import Emit
from learnflow_infra.system.processes import ended_on_error

__all__ = [
    "CONTEXT_PREFIX",
    "Cluster",
    "ImageRecipe",
    "ImageRef",
    "build_images",
    "delete",
    "earlier_versions",
    "ensure_packages",
    "known_images",
    "load_archive",
    "load_images",
    "missing_bytes",
    "missing_packages",
    "prepare",
    "reference",
    "require_host",
    "status",
    "stop",
    "up",
]


def missing_packages() -> list[str]:
    """The Debian packages that the node needs and this host lacks."""
    return packages.missing({**requirements.PROGRAMS, **runc_build.needed()})


def missing_bytes(recipes: Sequence[Path]) -> int:
    """Bytes that the missing programs and images will take in the cache."""
    return binary.missing_bytes() + build.missing_bytes(recipes)


def prepare(recipes: Sequence[Path], *, emit: Emit) -> None:
    """Install and build what `up` and `load_images` will need; images build while Go compiles.

    Raises:
        HostError: this host cannot run the embedded cluster, or its disk is full.
        ArtifactError: something cannot be downloaded or built.
    """
    require_host()
    unbuilt = build.unbuilt(recipes)
    ensure_packages(requirements.PROGRAMS | build.programs(unbuilt), emit=emit)
    with ThreadPoolExecutor() as pool, ended_on_error():
        programs = pool.submit(lambda: pause.ensure(binary.ensure(emit), emit))
        runc = pool.submit(runc_build.ensure, emit)
        if unbuilt:
            folders = tuple(recipe.folder.resolve() for recipe in unbuilt)
            elevate.run(BuildImages(recipes=folders), emit)
        programs.result()
        runc.result()


def build_images(recipes: Sequence[Path], *, emit: Emit) -> dict[Path, Path]:
    """Build the images that are missing, on this host alone; no cluster is needed.

    Returns:
        Each recipe's image, a tar of an OCI layout.

    Raises:
        HostError: this host cannot build images, or its disk is full.
        ArtifactError: an image cannot be built.
    """
    unbuilt = build.unbuilt(recipes)
    if unbuilt:
        requirements.require_linux()
        ensure_packages(build.programs(unbuilt), emit=emit)
    folders = tuple(recipe.folder.resolve() for recipe in unbuilt)
    if folders:
        elevate.run(BuildImages(recipes=folders), emit)
    return {recipe: build.built_path(ImageRecipe.load(recipe)) for recipe in recipes}


def up(name: str, *, emit: Emit, subnet: str | None = None) -> Cluster:
    """Create, start or upgrade a cluster; returns when its node is Ready and its DNS answers.

    A cluster that an older version of this program started is stopped and started anew. The
    programs are built as the user; only the rest needs root.

    Args:
        name: of the cluster; lower case letters, digits and dashes.
        emit: called with each event.
        subnet: a /30 for the link to the host, for a new cluster; None takes a free one.

    Raises:
        InputError: the name or the subnet is malformed.
        RefusedError: a newer version of this program started it.
        HostError: this host cannot run it (no root, a full disk, a subnet in use).
        NotReadyError: a component did not become ready in time.
    """
    requirements.require_linux()
    cluster_files.check_name(name)
    if upgrade.pending(name) is None and lifecycle.is_ready(name):
        with events.step(emit, "cluster/start", f"Start the cluster {name}") as step:
            step.done("running", changed=False)
        return status(name)
    privileges.require_root_or_sudo()
    if not privileges.is_root():
        pause.ensure(binary.ensure(emit), emit)
        runc_build.ensure(emit)
    elevate.run(Up(name=name, subnet=subnet), emit)
    return status(name)


def earlier_versions(name: str) -> str:
    """What an existing cluster has, for people, if `up` would upgrade it; else "".

    Raises:
        RefusedError: `up` would refuse it.
    """
    earlier = upgrade.pending(name)
    return upgrade.text(earlier) if earlier else ""


def reference(recipe: Path) -> ImageRef:
    """The reference of a recipe's image, built or not."""
    return ImageRecipe.load(recipe).reference()


def load_images(name: str, recipes: Sequence[Path], *, emit: Emit) -> dict[Path, ImageRef]:
    """Build the images that are missing, and import those that the node lacks.

    Returns:
        The reference of each recipe's image.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        ArtifactError: an image cannot be built.
    """
    references = {folder: reference(folder) for folder in recipes}
    if not {str(image) for image in references.values()} <= known_images(name):
        folders = tuple(folder.resolve() for folder in recipes)
        elevate.run(LoadImages(name=name, recipes=folders), emit)
    elif recipes:
        with events.step(emit, "cluster/images", "Load images into the cluster") as step:
            step.done("all images are in the node", changed=False)
    return references


def load_archive(name: str, archive: Path, references: Sequence[str], *, emit: Emit) -> None:
    """Import images into a cluster's node.

    Args:
        name: of the cluster.
        archive: a tar of an OCI layout that root may read.
        references: of the images in it; nothing is imported if the node has them all.
        emit: called with each event.

    Raises:
        ClusterUnreachableError: the cluster does not run.
        ArtifactError: containerd refused the archive.
        HostError: the disk is full.
    """
    command = LoadArchive(name=name, archive=archive.resolve(), references=tuple(references))
    elevate.run(command, emit)


def status(name: str) -> Cluster:
    """The state of a cluster; no request is sent.

    Raises:
        InputError: the name is malformed.
    """
    cluster_files.check_name(name)
    return inventory.status(name)


def stop(name: str, *, emit: Emit) -> None:
    """Stop a cluster gracefully and keep all its data."""
    cluster_files.check_name(name)
    elevate.run(Stop(name=name), emit)


def delete(name: str, *, emit: Emit) -> None:
    """Delete a cluster with all its data; the cache stays."""
    cluster_files.check_name(name)
    elevate.run(Delete(name=name), emit)
