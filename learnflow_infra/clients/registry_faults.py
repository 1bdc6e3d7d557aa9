"""Pure: why a registry does not give or take something, by the words of skopeo."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from learnflow_infra.errors import ArtifactError
from learnflow_infra.remedy import Words

_SAID = 2000


class Fault(StrEnum):
    """Why a registry does not give something."""

    missing = "not found"
    forbidden = "not authorised"
    limited = "rate limit"
    tls = "TLS"
    unreachable = "registry unreachable"
    passing = "registry in trouble"
    other = "other"


_MARKS: Sequence[tuple[Fault, Sequence[str]]] = (
    (Fault.limited, ("toomanyrequests", "too many requests", "rate limit")),
    (Fault.tls, ("x509:", "tls:", "server gave http response to https", "certificate")),
    (Fault.forbidden, ("unauthorized", "denied", "authentication required", "forbidden")),
    (Fault.missing, ("manifest unknown", "name unknown", "not found", "no such file")),
    (Fault.passing, ("connection reset", "unexpected eof", "status: 5", "status 5", "code 5")),
    (
        Fault.unreachable,
        ("connection refused", "no such host", "i/o timeout", "no route", "unreachable", "timeout"),
    ),
)
"""Words of skopeo's standard error; the first that is found counts."""


_REMEDIES = {
    Fault.forbidden: "Log in: skopeo login {host}   (docker's login serves, too)",
    Fault.tls: "Put its certificate authority into /etc/containers/certs.d/{host}/ca.crt",
}
_OTHERWISE = "Does {host} answer? skopeo inspect --raw docker://{reference}"


class RegistryError(ArtifactError):
    """A registry did not give or take something; `fault` says why."""

    def __init__(
        self, what: str, *, fault: Fault | str, why: Words = "", remedy: Words = ""
    ) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.fault: Final = Fault(fault)


def classify(words: str) -> Fault:
    """What skopeo's standard error means."""
    said = words.lower()
    for fault, marks in _MARKS:
        if any(mark in said for mark in marks):
            return fault
    return Fault.other


def explained(reference: str, words: str) -> RegistryError:
    """The error of what skopeo said on its standard error of a reference."""
    fault = classify(words)
    said = words.strip().rpartition('msg="')[2].rstrip('"').replace('\\"', '"')
    remedy = _REMEDIES.get(fault, _OTHERWISE).format(
        host=reference.partition("/")[0], reference=reference
    )
    return RegistryError(f"{reference}: {fault}.", fault=fault, why=said[-_SAID:], remedy=remedy)
