"""Images that a node cannot get, by the words of the kubelet and of containerd."""

import re
from collections.abc import Iterator

from learnflow_infra.masking import masked
from learnflow_infra.objects import ContainerStatus, Object
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.facts import Facts, containers, name_of, waiting

_PULLING = {
    "ErrImagePull",
    "ImagePullBackOff",
    "RegistryUnavailable",
    "ErrImageNeverPull",
    "SignatureValidationFailed",
    "ImageInspectError",
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("ImageRateLimited", r"toomanyrequests|too many requests|\b429\b|rate limit"),
    (
        "ImageNotFound",
        (
            r"repository does not exist|not found|manifest unknown|name unknown|\b404\b"
            r"|no match for platform"
        ),
    ),
    (
        "ImageNotAuthorized",
        (
            r"unauthori[sz]ed|\b401\b|\b403\b|denied|forbidden|authoriz|insufficient_scope"
            r"|authentication required|no basic auth"
        ),
    ),
    (
        "ImageRegistryUnreachable",
        (
            r"dial tcp|no such host|i/o timeout|connection refused|network is unreachable|timeout"
            r"|deadline exceeded|server misbehaving|\beof\b|x509|tls:|http response to https"
            r"|connection reset|\b50[0-4]\b|no route to host"
        ),
    ),
)
"""Looked for in this order, in what the node says of the pull. Docker Hub answers "denied" for
what does not exist."""
_REMOVED = re.compile(r"^(?:(?:docker\.io|registry-1\.docker\.io|index\.docker\.io)/)?bitnami/")
"""Bitnami moved its versioned images to the repository bitnamilegacy in August 2025.
Source: https://github.com/bitnami/containers/issues/83267"""
_TEXTS = {
    "ImageNameInvalid": ("is no name of an image", "Correct the image in your values."),
    "ImageNeverPulled": (
        "is not on the node, and imagePullPolicy is Never",
        "Load it on the node, or set the pull policy to IfNotPresent.",
    ),
    "ImageTagRemoved": (
        "was removed: Bitnami keeps its versioned images in bitnamilegacy only",
        "Name the repository bitnamilegacy/… in your values (image.repository).",
    ),
    "ImageNotFound": ("does not exist in its registry", "Correct the image's tag in your values."),
    "ImageNotAuthorized": (
        "is refused to the node: its registry wants other credentials",
        "Log in and name the pull Secret in your values (imagePullSecrets).",
    ),
    "ImageRateLimited": (
        "is refused for a while: too many pulls",
        "Wait, log in to the registry, or take a mirror: --image-mirror REGISTRY=MIRROR",
    ),
    "ImageRegistryUnreachable": (
        "cannot be pulled: the node does not reach its registry",
        "Mend the node's way to it, or take a mirror: --image-mirror REGISTRY=MIRROR",
    ),
    "ImagePullFailed": ("cannot be pulled", "See the evidence; correct the image in your values."),
}


def find(facts: Facts) -> Iterator[Cause]:
    """A cause for each container that waits for its image."""
    for pod, _ in facts.unready("Pod"):
        for item in containers(pod):
            reason = waiting(item).get("reason", "")
            if reason in _PULLING or reason == "InvalidImageName":
                yield _cause(facts, pod, item, reason)


def _cause(facts: Facts, pod: Object, item: ContainerStatus, reason: str) -> Cause:
    image = _asked(pod, item["name"]) or str(item.get("image") or "")
    said = _said(facts, pod, item, image)
    code = _code(reason, image, said)
    text, remedy = _TEXTS[code]
    return Cause(
        code=code,
        object=name_of(pod),
        container=item["name"],
        message=f"the image {image} {text}",
        evidence=(f"kubelet: {masked(said)}",) if said else (),
        remedy=remedy,
    )


def _asked(pod: Object, container: str) -> str:
    spec = pod.get("spec") or {}
    everything = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return next((str(c.get("image") or "") for c in everything if c.get("name") == container), "")


def _said(facts: Facts, pod: Object, item: ContainerStatus, image: str) -> str:
    """The kubelet's words: of the container, and of the last event that tells of a pull of it."""
    own = str(waiting(item).get("message") or "")
    events = [str(e.get("message") or "") for e in facts.events(pod, "Failed")]
    pulls = [text for text in events if "Failed to pull image" in text and image in text]
    told = own if own and not own.startswith("Back-off") else (pulls[-1] if pulls else own)
    return " ".join(told.split())


def _code(reason: str, image: str, said: str) -> str:
    if reason == "InvalidImageName":
        return "ImageNameInvalid"
    if reason == "ErrImageNeverPull":
        return "ImageNeverPulled"
    text = said.replace(image, "").lower()  # a name may hold any word
    found = (code for code, words in _WORDS if re.search(words, text))
    code = next(found, "ImagePullFailed")
    return "ImageTagRemoved" if code == "ImageNotFound" and _REMOVED.match(image) else code
