"""The images that a deploy needs, where the cluster can have them.

The embedded cluster gets them from this host: skopeo copies them into the cache, with the
host's credentials, proxies and loopback, and the node imports them. Of other clusters the
nodes pull themselves; here is only asked whether the images exist.
"""

from collections.abc import Collection, Mapping, Sequence

from learnflow_infra import skills
from learnflow_infra.clients import skopeo
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.images import cache
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import InputError
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object
from learnflow_infra.outputs import placeholders
from learnflow_infra.references import Reference, parse
from learnflow_infra.sources import preflight
from learnflow_infra.sources.image_names import by_operator, images_of

_NODES_MAY = {*Fault} - {Fault.missing, Fault.forbidden, Fault.invalid_name}
"""Faults that a node of another cluster need not have, as this host does."""


def wanted(
    prepared: Sequence[Prepared], objects: Mapping[ReleaseName, Sequence[Object]]
) -> set[str]:
    """The images of the manifests, and those that operators will use.

    Raises:
        InputError: an operator has no image of the version that is asked.
    """
    found = {image for release in objects.values() for image in images_of(release)}
    for item in prepared:
        for rule in item.source.operator_images:
            known = by_operator(objects.get(rule.release, ()), rule.env)
            key = placeholders.fill(rule.key, {"values": item.computed.seen})
            if known and key not in known:
                raise InputError(
                    f"{rule.release} has no image of {item.release.name} {key}.",
                    why=f"It has: {', '.join(sorted(known))}",
                    remedy=f"Ask for one of these: --set {item.release.name}.version=…",
                )
            found |= {known[key]} if known else set()
    return found


def live(session: Session) -> set[str]:
    """The images of the pods that are there: they need not be asked for again."""
    return images_of(session.kube.items(f"/api/v1/namespaces/{session.namespace}/pods"))


def ensure(session: Session, wanted: Collection[str], live: Collection[str], emit: Emit) -> None:
    """See that the cluster has the images, or can have them.

    Args:
        session: the cluster.
        wanted: references as manifests have them.
        live: those that run already; they are not asked for, nor are those the nodes have.
        emit: takes the events.

    Raises:
        ArtifactError: naming each image that cannot be had, why, and the remedy.
        InputError: a reference is malformed.
    """
    name = session.target.cluster
    known = _exact(live) | _exact(embedded.known_images(name) if name else _of_nodes(session))
    needed = {text: parse(text) for text in wanted}
    absent = {ref.exact: ref for ref in needed.values() if ref.registry != embedded.REGISTRY}
    references = [absent[exact] for exact in sorted(absent) if exact not in known]
    if not references:
        with step(emit, "images", "Images of registries") as running:
            running.done("all there", changed=False)
    elif name:
        cache.load(name, references, emit)
    else:
        check(references, emit)


def _exact(texts: Collection[str]) -> set[str]:
    """As containerd names them; Docker tells of images without a name, too."""
    found = set()
    for text in texts:
        try:
            found.add(parse(text).exact)
        except InputError:
            continue
    return found


def _of_nodes(session: Session) -> set[str]:
    """What the nodes list; empty for users who may not see them."""
    try:
        nodes = session.kube.items("/api/v1/nodes")
    except ForbiddenError:
        return set()
    images = [image for node in nodes for image in node["status"].get("images") or ()]
    return {name for image in images for name in image.get("names") or ()}


def check(references: Sequence[Reference], emit: Emit) -> None:
    """Ask the registries whether they have the images.

    Raises:
        ArtifactError: they have not.
    """
    if not skopeo.installed():
        emit(
            Message(
                text=f"Not checked whether {len(references)} images exist: skopeo is missing "
                "(package: skopeo)."
            )
        )
        return
    with step(emit, "images", "Do the images exist?") as running:
        found = cache.each(references, lambda ref: skopeo.digest(ref.exact))
        for item in found:
            if item.fault in _NODES_MAY:
                emit(Message(text=f"Warning: this host cannot tell of {item.line()}"))
        certain = [item for item in found if item.fault not in _NODES_MAY]
        if certain:
            raise preflight.refusal(certain, skills.removed_images())
        running.done(f"{len(references)} images", changed=None)
