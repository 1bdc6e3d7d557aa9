"""Building container images from recipes: cached by the digest of all inputs, atomic.

    build(ImageRecipe.load(folder), emit=emit) -> the image as a tar that containerd imports

Several recipes may be built at the same time, in threads or processes; a lock lets one
process build a recipe. The next build removes the files of an interrupted one.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.images import archive, maven, rootfs
from learnflow_infra.clusters.embedded.images.build_step import (
    Note,
    disk_full,
    disk_full_is_host_error,
)
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe
from learnflow_infra.events import Emit, Step
from learnflow_infra.paths import cache_dir
from learnflow_infra.system import locks

_NEEDED_BYTES = 2 << 30
"""Free space that a build requires: an image's tree, layer and archive exist at the same time."""

IMAGE_BYTES = 1 << 30
"""Disk for the built images, in the cache and in the node (measured: 300 MiB each, twice)."""

_STAGES = 5


def unbuilt(recipes: Iterable[Path]) -> list[ImageRecipe]:
    """The recipes of these folders whose images are not in the cache."""
    loaded = [ImageRecipe.load(folder) for folder in recipes]
    return [recipe for recipe in loaded if not built_path(recipe).exists()]


def missing_bytes(recipes: Iterable[Path]) -> int:
    """Bytes of disk that the missing images will take."""
    return IMAGE_BYTES if unbuilt(recipes) else 0


def programs(recipes: Iterable[ImageRecipe]) -> dict[str, str]:
    """The package of each program (or file) that building these images needs."""
    needed: dict[str, str] = {}
    for recipe in recipes:
        needed |= {"mmdebstrap": "mmdebstrap", rootfs.DEBIAN_KEYS: "debian-archive-keyring"}
        needed |= {"mvn": "maven"} if recipe.maven else {}
    return needed


def built_path(recipe: ImageRecipe) -> Path:
    """The path of the image, built or not."""
    return cache_dir() / "images" / f"{recipe.name}-{recipe.digest}.tar"


def build(recipe: ImageRecipe, *, emit: Emit) -> Path:
    """Build an image unless it is in the cache.

    Needs root, and the programs mmdebstrap, tar, unshare, ip and (for jars) mvn.

    Raises:
        ArtifactError: a package or jar cannot be obtained, or a command of the recipe failed.
        HostError: a program is missing, or the disk is full.
    """
    target = built_path(recipe)
    with events.step(emit, f"image/{recipe.name}", f"Build image {recipe.reference()}") as step:
        if target.exists():
            step.done("cached", changed=False)
            return target
        with disk_full_is_host_error(target.parent), _work_folder(recipe) as work:
            if target.exists():  # built by another process while this one waited for the lock
                step.done("cached", changed=False)
                return target
            _require_space(work)
            _assemble(recipe, work, target, step)
        step.done(f"{target.stat().st_size >> 20} MiB")
    return target


def _assemble(recipe: ImageRecipe, work: Path, target: Path, step: Step) -> None:
    tree = work / "rootfs"
    step.progress(0, _STAGES, "Debian packages")
    rootfs.extract_packages(recipe, tree, _noter(step, 0))
    rootfs.add_entries(recipe, tree)
    if recipe.maven:
        step.progress(1, _STAGES, "jars")
        repository, jars = cache_dir() / "m2", rootfs.inside(tree, recipe.maven.dest)
        maven.copy_jars(
            recipe.maven, work=work, repository=repository, target=jars, note=_noter(step, 1)
        )
    step.progress(2, _STAGES, "commands")
    rootfs.run_commands(recipe, tree, _noter(step, 2))
    rootfs.remove_unneeded(recipe, tree)
    step.progress(3, _STAGES, "layer")
    layer = archive.layer(tree, work / "layer.tar")
    step.progress(4, _STAGES, "archive")
    name = str(recipe.reference())
    archive.write(work / "image.tar", name=name, settings=recipe.config, content=layer)
    target.parent.mkdir(parents=True, exist_ok=True)
    (work / "image.tar").replace(target)


def _noter(step: Step, done: int) -> Note:
    def note(line: str) -> None:
        if line:
            step.progress(done, _STAGES, line[:100])

    return note


@contextmanager
def _work_folder(recipe: ImageRecipe) -> Iterator[Path]:
    """An empty folder of this build; waits while another process builds the same recipe."""
    parent = cache_dir() / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    work = parent / f"image-{recipe.name}-{recipe.digest}"
    with locks.hold(parent / f"{work.name}.lock"):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise disk_full(folder, f"{free >> 20} MiB are free; a build needs {_NEEDED_BYTES >> 20}.")
