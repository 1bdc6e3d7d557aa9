"""Pure: errors and remedies for images and charts that cannot be pulled."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from learnflow_infra.clients.registry_words import Fault, classify
from learnflow_infra.errors import ArtifactError
from learnflow_infra.models import RemovedImages
from learnflow_infra.references import Reference
from learnflow_infra.remedy import Command, Remedy, Words

_LONGEST = 2000
"""How many of the last characters of stderr are shown."""


class Puller(StrEnum):
    """What pulls: a program on this host, or a node of the cluster."""

    skopeo = "skopeo"
    helm = "helm"
    node = "node"


class RegistryError(ArtifactError):
    """A pull or push failed; `fault` is the reason."""

    def __init__(
        self, what: str, *, fault: Fault | str, why: Words = "", remedy: Words = ""
    ) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.fault: Final = Fault(fault)


_BY_PULLER: Mapping[Puller, Mapping[str, Words]] = {
    Puller.skopeo: {
        "source": "the image in the values",
        "machine": "this host",
        "login": "skopeo login REGISTRY   (docker's login serves, too)",
        "trust": "Put its certificate authority into /etc/containers/certs.d/REGISTRY/ca.crt",
    },
    Puller.helm: {
        "source": Remedy("`version` in skill.yaml, then: ", Command("chart", "lock")),
        "machine": "this host",
        "login": "helm registry login REGISTRY   (docker's login serves, too)",
        "trust": "Let this host trust its certificate: SSL_CERT_FILE=CA.pem   "
        "(plain HTTP is spoken to registries on this host only)",
    },
    Puller.node: {
        "source": "the image in your values",
        "machine": "the node",
        "login": "name its pull Secret in your values (imagePullSecrets)",
        "trust": "Let the node's container runtime trust its certificate authority",
    },
}


def remedy(fault: Fault, registry: str, puller: Puller) -> Remedy:
    """What to type or change.

    Args:
        fault: why it cannot be pulled.
        registry: its host and port.
        puller: what pulls it.
    """
    own = _BY_PULLER[puller]
    login, trust = (str(own[key]).replace("REGISTRY", registry) for key in ("login", "trust"))
    mirror = f"--image-mirror {registry}=HOST/PATH"
    bundle = f"or use a mirror ({mirror}) or a bundle: ", Command("bundle", "load", "FILE")
    by_fault: Mapping[Fault, Sequence[Words | Command]] = {
        Fault.invalid_name: ("Write the name in full, with its registry. Correct ", own["source"]),
        Fault.missing: (
            "Correct ",
            own["source"],
            f"; if it is private: {login}; or use a mirror that has it: {mirror}",
        ),
        Fault.forbidden: (f"Log in: {login}",),
        Fault.limited: (f"Wait; log in: {login}; or use a mirror: {mirror}",),
        Fault.disk_full: ("Free disk space on ", own["machine"]),
        Fault.damaged: (f"Check whether a proxy answers in its place; or use a mirror: {mirror}",),
        Fault.tls: (f"{trust}, or use a mirror: {mirror}",),
        Fault.unreachable: (
            f"Check the network and the proxy (HTTPS_PROXY) of {own['machine']}, ",
            *bundle,
        ),
    }
    return Remedy(*by_fault.get(fault, ("Try again later, ", *bundle)))


def removal(
    reference: Reference, fault: Fault, removed: Sequence[RemovedImages]
) -> RemovedImages | None:
    """The rule for the removed image, if that explains the fault."""
    if fault not in {Fault.missing, Fault.forbidden} or reference.digest:
        return None
    rules = (rule for rule in removed if reference.name.startswith(rule.prefix))
    return next((rule for rule in rules if reference.tag not in rule.kept), None)


def explained(reference: str, stderr: str) -> RegistryError:
    """The error for skopeo's stderr."""
    fault = classify(stderr, reference)
    message = stderr.strip().rpartition('msg="')[2].rstrip('"').replace('\\"', '"')
    return RegistryError(
        f"{reference}: {fault}.",
        fault=fault,
        why=message[-_LONGEST:],
        remedy=remedy(fault, reference.partition("/")[0], Puller.skopeo),
    )
