"""Pure: image references by Docker's rules, as kubelet and containerd read them.

Source: distribution/reference's grammar and its normalisation: a first part without dot,
colon and capitals is no registry, unless it is `localhost`; Docker Hub is the default.
"""

import re
from dataclasses import dataclass, replace

from learnflow_infra.errors import InputError

LOCAL = "learnflow.local"
"""The registry in the names of images that this project builds; no server has it."""
HUB = "docker.io"
HUB_NAMES = frozenset({"index.docker.io", "registry-1.docker.io"})
"""Other names of Docker Hub."""
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = re.compile(r"(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d+)?")
_REPOSITORY = re.compile(f"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A complete reference, with a tag, a digest or both; the digest takes precedence."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """The reference with all its parts."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}{self.at}"

    @property
    def name(self) -> str:
        """The reference without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def at(self) -> str:
        """`@sha256:...`; "" without a digest."""
        return f"@{self.digest}" if self.digest else ""

    @property
    def exact(self) -> str:
        """The reference without its tag if it has a digest, as containerd stores it."""
        return str(replace(self, tag="")) if self.digest else str(self)


def parse(text: str) -> Reference:
    """Parse a reference of a manifest.

    Raises:
        InputError: it is malformed.
    """
    rest, at, digest = text.partition("@")
    first, slash, others = rest.partition("/")
    registry, path = (first, others) if slash and _is_registry(first) else (HUB, rest)
    path, colon, tag = path.partition(":")
    if registry in HUB_NAMES:
        registry = HUB
    if registry == HUB and "/" not in path:
        path = f"library/{path}"
    reference = Reference(
        registry=registry,
        repository=path,
        tag=tag if colon or at else "latest",
        digest=digest,
    )
    if not _is_valid(reference, tag=bool(colon), digest=bool(at)):
        raise InputError(
            f"{text!r} is not an image reference.",
            why="It is [REGISTRY/]REPOSITORY[:TAG][@sha256:DIGEST], the repository in lower case.",
        )
    return reference


def _is_registry(first: str) -> bool:
    return first == "localhost" or any(c in ".:" or c.isupper() for c in first)


def _is_valid(reference: Reference, *, tag: bool, digest: bool) -> bool:
    return bool(
        _REGISTRY.fullmatch(reference.registry)
        and _REPOSITORY.fullmatch(reference.repository)
        and (not tag or _TAG.fullmatch(reference.tag))
        and (not digest or _DIGEST.fullmatch(reference.digest))
    )
