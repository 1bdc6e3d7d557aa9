"""Pure: images that cannot be had, each with the cause and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients.registry_faults import Fault
from learnflow_infra.errors import ArtifactError
from learnflow_infra.sources.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Removed:
    """Images that their publisher took away: names below `prefix`, but for the `kept` tags."""

    prefix: str
    kept: frozenset[str]
    why: str
    remedy: str


REMOVED = (
    Removed(
        prefix="docker.io/bitnami/",
        kept=frozenset({"latest"}),
        why="Bitnami removed the versioned tags of docker.io/bitnami in August 2025.",
        remedy="Take it from a mirror that still has it (--image-mirror docker.io=HOST/PATH), "
        "another image (--set postgres.image.repository=bitnamilegacy/postgresql: the same, "
        "frozen and unpatched), or Bitnami Secure Images, a subscription "
        "(--set postgres.image.registry=…,postgres.image.repository=…).",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Unobtainable:
    """An image that a registry does not give; `words` are the registry's own."""

    reference: Reference
    fault: Fault
    words: str = ""

    @property
    def removed(self) -> Removed | None:
        """By whom and when it was taken away, where that is known.

        Docker Hub says "denied" of a repository that does not exist.
        """
        gone = self.fault in {Fault.missing, Fault.forbidden} and not self.reference.digest
        known = (
            rule
            for rule in REMOVED
            if self.reference.name.startswith(rule.prefix) and self.reference.tag not in rule.kept
        )
        return next(known, None) if gone else None

    @property
    def line(self) -> str:
        """The image and why it cannot be had."""
        why = self.removed.why if self.removed else self.words
        return f"{self.reference}: {self.fault}. {why}".rstrip()

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.removed:
            return self.removed.remedy
        registry = self.reference.registry
        mirror = f"--image-mirror {registry}=HOST/PATH"
        login = f"skopeo login {registry}   (docker's login serves, too)"
        return {
            Fault.missing: f"Correct the image in the values, or take it from a mirror: {mirror}",
            Fault.forbidden: f"Log in: {login}",
            Fault.limited: f"Log in: {login}; or wait, or take it from a mirror: {mirror}",
            Fault.tls: f"Put its certificate authority into /etc/containers/certs.d/{registry}/"
            f"ca.crt, or take it from a mirror: {mirror}",
        }.get(
            self.fault,
            f"Take it from a mirror ({mirror}), or without a network from a bundle: "
            "learnflow-infra bundle load FILE",
        )


def refusal(found: Sequence[Unobtainable]) -> ArtifactError:
    """The error that names every image, and each remedy once."""
    count = "An image" if len(found) == 1 else f"{len(found)} images"
    return ArtifactError(
        f"{count} cannot be had; nothing was installed.",
        why="\n".join(item.line for item in found),
        remedy="\n".join(dict.fromkeys(item.remedy for item in found)),
    )
