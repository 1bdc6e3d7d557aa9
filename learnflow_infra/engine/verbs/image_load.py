"""`image load`: this project's images in place of a registry chart's own, where nodes take them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from learnflow_infra.clients import skopeo
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.clusters.embedded import ImageRef
from learnflow_infra.engine.images import cache, nodes
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import ImageUse, ReleaseName
from learnflow_infra.remedy import Command
from learnflow_infra.skills import library


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An image, and the chart's key of a release that chooses it."""

    release: ReleaseName
    key: str
    image: ImageRef

    @property
    def flag(self) -> str:
        """What a deploy needs to use the image."""
        parts = vars(self.image).items()
        return "--set " + ",".join(f"{self.release}.{self.key}.{k}={v}" for k, v in parts)


def load(
    skills: Sequence[str], emit: Emit, *, context: str | None = None, registry: str = ""
) -> list[Loaded]:
    """Build the offered images, and bring them into a cluster's nodes or a registry.

    Args:
        skills: their names; none for all.
        emit: takes the events.
        context: of the cluster; None chooses it as a deploy does.
        registry: HOST[/PREFIX] to push to, instead of loading into a cluster.

    Raises:
        InputError: a skill is unknown, or offers no image.
        RefusedError: the nodes of the cluster take images only from registries.
        ArtifactError: an image cannot be built, loaded or pushed.
    """
    offered = _offered(skills)
    options = Options(context=context, profile=targets.UPSTREAM)
    target = None if registry else planning.choose(options, emit)
    load_into = None
    if target:
        targets.require_running(target)
        if not target.cluster:
            push = Command("image", "load", *skills, "--registry", "HOST/PREFIX")
            load_into = nodes.loader(target, push)
    recipes = [use.recipe for _, use in offered]
    archives = embedded.build_images(recipes, emit=emit)
    if target and target.cluster:
        embedded.load_images(target.cluster, recipes, emit=emit)
    else:
        cache.require_skopeo(emit)
    loaded = []
    for release, use in offered:
        image = embedded.reference(use.recipe)
        if registry:
            image = _push(archives[use.recipe], image, registry, emit)
        elif load_into:
            _into_nodes(archives[use.recipe], image, load_into, emit)
        loaded.append(Loaded(release=release, key=use.values, image=image))
    return loaded


def _offered(skills: Sequence[str]) -> list[tuple[ReleaseName, ImageUse]]:
    found = [
        (release.name, use)
        for skill in library.find(skills, library.load_all())
        for release in skill.releases
        if targets.UPSTREAM in release.profiles
        for use in release.profiles[targets.UPSTREAM].offered
    ]
    if not found:
        raise InputError(
            f"{', '.join(skills)} offers no image.",
            remedy="Leave the skill out: then the images of all skills are built.",
        )
    return found


def _into_nodes(archive: Path, image: ImageRef, load_into: nodes.Load, emit: Emit) -> None:
    with step(emit, f"load/{image}", f"Load {image}"), cache.scratch() as folder:
        skopeo.repack(archive, folder / "image.tar", str(image))
        load_into(folder / "image.tar")


def _push(archive: Path, image: ImageRef, registry: str, emit: Emit) -> ImageRef:
    host, _, prefix = registry.rstrip("/").partition("/")
    repository = "/".join(part for part in (prefix, image.repository) if part)
    pushed = ImageRef(registry=host, repository=repository, tag=image.tag)
    with step(emit, f"push/{pushed}", f"Push {pushed}"):
        skopeo.push_layout(archive, str(pushed))
    return pushed
