"""Pure: images of the project's own registry name, which no server has.

Images that this project builds are imported into nodes under `learnflow.local`. Nobody can pull
them, so a pod whose node lacks one never starts.
"""

from collections.abc import Collection, Iterable

from learnflow_infra.errors import ArtifactError
from learnflow_infra.objects import Object
from learnflow_infra.references import LOCAL, Reference
from learnflow_infra.remedy import Command, Remedy

_WHY = f"{LOCAL} is no server: its images are built and imported into the node."

_BUILT = Remedy("Leave image.tag out: the deploy sets it to the image that it builds.")
_OFFERED = Remedy(
    "Load this project's image, and use the flag that this prints: ", Command("image", "load")
)
_OTHERS = Remedy("\nOther images: ", Command("bundle", "load", "FILE"))
_LATE = "\nIf you loaded it a moment ago, wait a minute: nodes report new images late."

_LISTED = 50
"""How many images a node's status lists at most."""


def is_local(reference: Reference) -> bool:
    """Whether the image is one that nobody can pull."""
    return reference.registry == LOCAL


def listed(nodes: Iterable[Object]) -> tuple[set[str], bool]:
    """The images in the status of nodes, and whether the nodes have no others.

    Source: the kubelet lists its largest images, at most `nodeStatusMaxImages`, 50 by default.
    """
    lists = [node["status"].get("images") or () for node in nodes]
    names = {name for images in lists for image in images for name in image.get("names") or ()}
    return names, all(len(images) < _LISTED for images in lists)


def unlisted(references: Iterable[Reference], present: Collection[str]) -> list[Reference]:
    """The local images that are not present.

    Args:
        references: the images that pods will use.
        present: exact references of images on nodes, and of those that this run builds.
    """
    return [ref for ref in references if is_local(ref) and ref.exact not in present]


def refusal(
    missing: Collection[Reference], present: Collection[str], built: Collection[str]
) -> ArtifactError:
    """The error that names each local image that is nowhere, and those of its name that are there.

    Args:
        missing: the images.
        present: exact references of images on nodes, and of those that this run builds.
        built: those that this run builds.
    """
    names = {ref.name for ref in missing}
    others = sorted(name for name in present if name.partition(":")[0] in names)
    is_built = names <= {name.partition(":")[0] for name in built}
    return ArtifactError(
        f"No node has {', '.join(sorted(map(str, missing)))}.",
        why="\n".join([_WHY, *([f"There are: {', '.join(others)}"] if others else [])]),
        remedy=Remedy(_BUILT if is_built else _OFFERED, _OTHERS, _LATE),
    )


def warning(missing: Collection[Reference]) -> str:
    """The sentence about local images that may be on a node, though no node lists them."""
    names = ", ".join(sorted(map(str, missing)))
    return (
        f"Warning: whether a node has {names} is not known: nodes list only their {_LISTED} "
        "largest images, and some users may not read them. Without it, its pods do not start."
    )


def require_not_pulled(images: Iterable[Reference]) -> None:
    """Raise an error if local images would be pulled at every start.

    Args:
        images: those with the pull policy Always.

    Raises:
        ArtifactError: naming each.
    """
    local = sorted(str(reference) for reference in images if is_local(reference))
    if local:
        raise ArtifactError(
            f"{', '.join(local)} cannot be pulled.",
            why=f"{_WHY} The pull policy Always asks it at every start.",
            remedy="Set the pull policy to IfNotPresent (image.pullPolicy).",
        )
