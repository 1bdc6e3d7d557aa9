"""Pure: the error for images that cannot be pulled, with their causes and remedies."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients import registry_faults
from learnflow_infra.clients.registry_faults import Puller
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.errors import ArtifactError
from learnflow_infra.models import RemovedImages
from learnflow_infra.references import Reference
from learnflow_infra.remedy import Words, join_lines


@dataclass(frozen=True, kw_only=True)
class Unobtainable:
    """An image that cannot be pulled; `message` is the registry's."""

    reference: Reference
    fault: Fault
    message: str = ""

    def line(self, why: str = "") -> str:
        """The image, the fault, and `why` or the registry's message."""
        return f"{self.reference}: {self.fault}. {why or self.message}".rstrip()


def refusal(images: Sequence[Unobtainable], removed: Sequence[RemovedImages] = ()) -> ArtifactError:
    """The error with all images, and each distinct remedy once.

    Args:
        images: at least one.
        removed: the skills' rules for images that publishers removed.
    """
    explained = [_explained(image, removed) for image in images]
    count = "An image" if len(images) == 1 else f"{len(images)} images"
    return ArtifactError(
        f"{count} cannot be pulled.",
        why="\n".join(line for line, _ in explained),
        remedy=join_lines(*dict.fromkeys(remedy for _, remedy in explained)),
    )


def _explained(image: Unobtainable, removed: Sequence[RemovedImages]) -> tuple[str, Words]:
    """The line and the remedy of an image."""
    rule = registry_faults.removal(image.reference, image.fault, removed)
    if rule:
        return image.line(rule.why), rule.remedy
    registry = image.reference.registry
    return image.line(), registry_faults.remedy(image.fault, registry, Puller.skopeo)
