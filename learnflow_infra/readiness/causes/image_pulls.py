"""Images that a node cannot pull, by messages of the kubelet and of the container runtime."""

from collections.abc import Iterator, Mapping

from learnflow_infra.clients import registry_faults
from learnflow_infra.clients.registry_faults import Puller
from learnflow_infra.clients.registry_words import Fault, classify
from learnflow_infra.errors import InputError
from learnflow_infra.fields import items, text
from learnflow_infra.masking import masked
from learnflow_infra.objects import ContainerStatus, Object, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.states import containers, waiting
from learnflow_infra.references import LOCAL, Reference, parse
from learnflow_infra.remedy import Command, Remedy, Words

_INVALID, _NEVER = "InvalidImageName", "ErrImageNeverPull"
_REASONS = {"RegistryUnavailable", "SignatureValidationFailed"}
"""Those without `Image` in them. Source: kubelet, pkg/kubelet/images/types.go."""
_NO_SECRET = "FailedToRetrieveImagePullSecret"  # noqa: S105 - the reason of an event
CODES: Mapping[Fault, Code] = {
    Fault.invalid_name: Code.ImageNameInvalid,
    Fault.limited: Code.ImageRateLimited,
    Fault.missing: Code.ImageNotFound,
    Fault.forbidden: Code.ImageNotAuthorized,
    Fault.tls: Code.ImageRegistryUnreachable,
    Fault.transient: Code.ImageRegistryUnreachable,
    Fault.unreachable: Code.ImageRegistryUnreachable,
    Fault.damaged: Code.ImagePullFailed,
    Fault.disk_full: Code.ImagePullFailed,
    Fault.other: Code.ImagePullFailed,
}
"""The code of the cause for each fault of a pull."""
_LOAD = Remedy(
    f"{LOCAL} is no server: leave image.tag out of your values, and let an administrator deploy "
    "once, which loads the image into the node. Or load it: ",
    Command("bundle", "load", "FILE"),
)


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each container that waits for its image, or for that of a volume."""
    for pod, _ in facts.unready("Pod"):
        for item in containers(pod):
            reason = text(waiting(item), "reason")
            if waits_for_image(reason):
                yield _cause(facts, pod, item, reason)


def waits_for_image(reason: str) -> bool:
    """Whether a container with this reason waits for an image."""
    return reason in _REASONS or "Image" in reason


def _cause(facts: Facts, pod: Object, item: ContainerStatus, reason: str) -> Cause:
    image = _image(pod, item)
    message = _message(facts, pod, item, image)
    remedy: Words
    if reason == _NEVER:
        code, summary = Code.ImageNeverPulled, "is not on the node, and imagePullPolicy is Never"
        remedy = "Load it on the node, or set the pull policy to IfNotPresent."
    else:
        fault = Fault.invalid_name if reason == _INVALID else classify(message, image)
        code, summary, remedy = _explained(facts, image, fault)
    no_secret = [message_of(event) for event in facts.events(pod, _NO_SECRET)[-1:]]
    if no_secret and code in {Code.ImageNotAuthorized, Code.ImageNotFound}:
        remedy = Remedy("Create the pull Secret that the pod names, or correct its name. ", remedy)
    return Cause(
        code=code,
        object=reference(pod),
        container=item["name"],
        message=f"the image {image} {summary}",
        evidence=tuple(f"kubelet: {masked(line)}" for line in (message, *no_secret) if line),
        remedy=remedy,
    )


def _explained(facts: Facts, image: str, fault: Fault) -> tuple[Code, str, Words]:
    """Code, message and remedy of a fault."""
    reference = _parsed(image)
    removed = facts.evidence.removed_images
    rule = reference and registry_faults.removal(reference, fault, removed)
    if rule:
        return Code.ImageTagRemoved, f"does not exist any more: {rule.why}", rule.remedy
    registry = reference.registry if reference else "REGISTRY"
    remedy = _LOAD if registry == LOCAL else registry_faults.remedy(fault, registry, Puller.node)
    return CODES[fault], f"cannot be pulled: {fault}", remedy


def _parsed(image: str) -> Reference | None:
    try:
        return parse(image)
    except InputError:
        return None


def _image(pod: Object, item: ContainerStatus) -> str:
    """The image that the container waits for: its own, or that of a volume."""
    message = text(waiting(item), "message")
    spec = [*items(pod, "spec", "initContainers"), *items(pod, "spec", "containers")]
    own = next((text(c, "image") for c in spec if c.get("name") == item["name"]), "")
    volumes = [text(volume, "image", "reference") for volume in items(pod, "spec", "volumes")]
    named = (image for image in (own, *volumes) if image and image in message)
    return next(named, own or text(item, "image"))


def _message(facts: Facts, pod: Object, item: ContainerStatus, image: str) -> str:
    """The kubelet's message: the container's, or that of the last event about its image."""
    own = text(waiting(item), "message")
    events = [message_of(event) for event in facts.events(pod, "Failed")]
    pulls = [line for line in events if "Failed to pull image" in line and image in line]
    vague = not own or own.startswith("Back-off")
    return " ".join((pulls[-1] if pulls and vague else own).split())
