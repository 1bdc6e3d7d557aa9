"""Pure: images of the project's own registry name, which no server has.

Images that this project builds are imported into nodes under `learnflow.local`. Nobody can pull
them, so a pod whose node lacks one never starts.
"""

from collections.abc import Collection, Iterable

from learnflow_infra.clusters import embedded
from learnflow_infra.errors import ArtifactError
from learnflow_infra.references import Reference
from learnflow_infra.remedy import Command, Remedy

_WHY = f"{embedded.REGISTRY} is no server: its images are built and imported into the node."


def is_local(reference: Reference) -> bool:
    """Whether the image is one that nobody can pull."""
    return reference.registry == embedded.REGISTRY


def require(references: Collection[Reference], present: Collection[str]) -> None:
    """Raise an error unless every local image is on a node, or is built by this run.

    Args:
        references: the images that pods will use.
        present: exact references of images on nodes, and of those that this run builds.

    Raises:
        ArtifactError: naming each image that is nowhere, and those of its name that are there.
    """
    missing = sorted(str(ref) for ref in references if is_local(ref) and ref.exact not in present)
    if missing:
        names = {ref.name for ref in references if str(ref) in missing}
        others = sorted(name for name in present if name.partition(":")[0] in names)
        raise ArtifactError(
            f"No node has {', '.join(missing)}.",
            why="\n".join([_WHY, *([f"There are: {', '.join(others)}"] if others else [])]),
            remedy=Remedy(
                "Leave image.tag out: the deploy sets it to the image that it builds. "
                "Other images: ",
                Command("bundle", "load", "FILE"),
            ),
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
