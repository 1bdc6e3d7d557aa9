"""The images that a deploy requires, and checks that nodes can obtain them.

The embedded cluster gets images from this host: skopeo pulls them into the cache, with the
host's credentials, proxies and loopback, and the node imports them. Nodes of other clusters
pull by themselves; for them, this host checks that the registries have the images.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from learnflow_infra import skills
from learnflow_infra.clients import api_paths, skopeo
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.images import cache, local
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object
from learnflow_infra.outputs import placeholders
from learnflow_infra.quantities import counted
from learnflow_infra.references import Reference, parse
from learnflow_infra.sources import preflight
from learnflow_infra.sources.image_names import by_operator, images_of

_HOST_ONLY = {*Fault} - {Fault.missing, Fault.forbidden, Fault.invalid_name}
"""Faults that this host may have and a node of another cluster may not."""


def required_images(
    prepared: Sequence[Prepared],
    objects: Mapping[ReleaseName, Sequence[Object]],
    operators: Mapping[ReleaseName, Sequence[Object]] | None = None,
) -> set[str]:
    """The images of manifests, and the images that operators will use for their resources.

    Args:
        prepared: the releases.
        objects: of each release's manifest.
        operators: those of others, in place of a release.

    Raises:
        InputError: an operator has no image of the desired version.
    """
    images = {image for release in objects.values() for image in images_of(release)}
    for item in prepared:
        for rule in item.source.operator_images:
            running = objects.get(rule.release) or (operators or {}).get(rule.release, ())
            by_key = by_operator(running, rule.env)
            key = placeholders.fill(rule.key, {"values": item.computed.effective})
            if by_key and key not in by_key:
                raise InputError(
                    f"{rule.release} has no image of {item.release.name} {key}.",
                    why=f"It has: {', '.join(sorted(by_key))}",
                    remedy=f"Choose one of these: --set {item.release.name}.version=…",
                )
            images |= {by_key[key]} if by_key else set()
    return images


def ensure(
    session: Session,
    images: Collection[str],
    running: Collection[str],
    emit: Emit,
    *,
    pull: bool = True,
    built: Collection[str] = (),
) -> None:
    """Load images into the embedded cluster, or check that other clusters can pull them.

    Args:
        session: the cluster.
        images: references as in manifests.
        running: images of running containers. For these, and for images on the nodes, no
            request is sent to a registry.
        emit: takes the events.
        pull: False loads nothing; registries are asked for images that no cache has.
        built: images that a deploy builds and loads, which a node may not report yet.

    Raises:
        ArtifactError: naming each image that cannot be pulled, why, and the remedy.
        InputError: a reference is malformed.
    """
    cluster = session.target.cluster
    on_nodes, complete = (embedded.known_images(cluster), True) if cluster else _on_nodes(session)
    present = _exact(running) | _exact(on_nodes) | _exact(built)
    references = {reference.exact: reference for reference in map(parse, images)}
    unlisted = local.unlisted(references.values(), present)
    if unlisted and complete:
        raise local.refusal(unlisted, present, _exact(built))
    if unlisted:
        emit(Message(text=local.warning(unlisted)))
    known = present | {reference.exact for reference in unlisted}
    missing = [reference for exact, reference in sorted(references.items()) if exact not in known]
    if not missing:
        with step(emit, "images", "Images of registries") as progress:
            progress.done("all present", changed=False)
    elif cluster and pull:
        cache.load(cluster, missing, emit)
    else:
        check(cache.missing(missing) if cluster else missing, emit)


def built_images(prepared: Sequence[Prepared]) -> set[str]:
    """The images that a deploy builds from recipes and loads into the node."""
    uses = (use for item in prepared for use in item.source.images)
    return {str(embedded.reference(use.recipe)) for use in uses}


def running_images(session: Session) -> set[str]:
    """The images of the pods in the namespace."""
    return images_of(session.kube.items(api_paths.pods(session.namespace)))


def _on_nodes(session: Session) -> tuple[set[str], bool]:
    """The images that nodes report, and whether these are all; none for users who may not read."""
    try:
        return local.listed(session.kube.items(api_paths.NODES))
    except ForbiddenError:
        return set(), False


def _exact(names: Collection[str]) -> set[str]:
    """Names in containerd's form; what Docker reports for unnamed images is left out."""
    exact = set()
    for name in names:
        with suppress(InputError):
            exact.add(parse(name).exact)
    return exact


def check(references: Sequence[Reference], emit: Emit) -> None:
    """Ask the registries whether they have the images.

    Raises:
        ArtifactError: naming each missing image.
    """
    if not skopeo.installed():
        text = "Not checked whether the images exist: skopeo is missing"
        emit(Message(text=f"{text} (package: skopeo)."))
        return
    with step(emit, "images", "Check that the images exist") as progress:
        failed = cache.each(references, lambda ref: skopeo.digest(ref.exact))
        for item in failed:
            if item.fault in _HOST_ONLY:
                emit(Message(text=f"Warning: this host cannot check {item.line()}"))
        missing = [item for item in failed if item.fault not in _HOST_ONLY]
        if missing:
            raise preflight.refusal(missing, skills.removed_images())
        progress.done(counted(len(references), "image"), changed=None)
