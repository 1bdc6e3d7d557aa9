"""Pure: classify the messages of pulls that failed.

Registries answer with status codes, error codes and sentences. skopeo, helm and the container
runtimes (through the kubelet) wrap them in their own sentences. This is the only table of them.
"""

import re
from collections.abc import Sequence
from enum import StrEnum


class Fault(StrEnum):
    """Why an image or a chart cannot be pulled."""

    invalid_name = "not a valid name"
    limited = "rate limit"
    disk_full = "no space left"
    damaged = "damaged content"
    transient = "registry in trouble"
    unreachable = "registry unreachable"
    tls = "TLS"
    missing = "not found"
    forbidden = "not authorised"
    other = "unknown reason"


RETRIED = frozenset({Fault.transient, Fault.limited})
"""Faults that may end within seconds."""


def _status(codes: str) -> str:
    """A pattern for HTTP status codes, but not for numbers in ports, versions or names."""
    return rf"(?<![\w.:/-])(?:{codes})(?![\w./-])"


_PHRASES: Sequence[tuple[Fault, str, str]] = (
    (Fault.invalid_name, "Docker, kubelet", r"invalid reference format|couldn't parse image name"),
    (Fault.invalid_name, "helm", r"error: invalid reference|name invalid:"),
    (Fault.invalid_name, "CRI-O", r"short name mode is enforcing|did not resolve to an alias"),
    (Fault.limited, "registries", r"toomanyrequests|too many requests|rate limit|rate exceeded"),
    (Fault.limited, "registries", _status("429")),
    (Fault.limited, "kubelet", r"pull qps exceeded"),
    (Fault.disk_full, "Linux", r"no space left on device"),
    (Fault.damaged, "containerd, helm", r"unexpected (?:media type|commit digest)"),
    (Fault.damaged, "containerd", r"content (?:digest|at) *:? *not found|failed size validation"),
    (Fault.damaged, "helm", r"mismatched digest|digest mismatch|mismatch content-length"),
    (Fault.damaged, "helm", r"\"fetch\" on source:[\s:]*not found"),  # a layer of its manifest
    (Fault.damaged, "helm", r"minimum number of descriptors|does not contain a layer"),
    (Fault.damaged, "this program", r"not a chart archive"),
    (Fault.damaged, "Go", r"unexpected end of json|looking for beginning of value"),
    (Fault.other, "kubelet", r"dial unix|context canceled"),
    (Fault.other, "Linux", r"no such file|(?:open|mkdir|stat|write) *:? *permission denied"),
    (Fault.transient, "Linux, Go", r"connection reset|\beof\b"),
    (Fault.transient, "registries, Cloudflare", _status("50[0-4]|52[0-7]")),
    (Fault.unreachable, "Go", r"dial tcp|no such host|name resolution"),
    (Fault.unreachable, "proxies", r"proxyconnect|proxy authentication"),
    (Fault.unreachable, "proxies", r"(?:get|head) *:? *forbidden"),
    (Fault.tls, "Go", r"x509:|tls:|certificate|http response to https client"),
    (Fault.forbidden, "containerd, helm", r"no basic auth credentials|basic credential not found"),
    (Fault.forbidden, "skopeo, Docker", r"error getting credentials"),
    (Fault.missing, "containerd, Docker", r"repository does not exist or may require"),
    (Fault.missing, "registries", r"manifest unknown|name unknown|not found|" + _status("404")),
    (Fault.missing, "containerd, CRI-O", r"no match for platform|no image found in"),
    (Fault.forbidden, "registries", r"unauthori[sz]ed|denied|forbidden|" + _status("401|403")),
    (Fault.forbidden, "all", r"authentication required|authorization failed|insufficient_scope"),
    (Fault.unreachable, "Go", r"timeout|deadline exceeded|server misbehaving"),
    (Fault.unreachable, "Linux", r"connection refused|unreachable|no route to host"),
)
"""Fault, author of the phrase, and its pattern in lower case; the first match counts.

Docker Hub answers "denied" for a repository that does not exist. containerd and Docker turn
this into "repository does not exist or may require ...": it counts as missing, unless the
message adds that no credentials were sent.
"""
_NAMES = re.compile(
    r'"?https?://[^\s"]+"?|sha256:[0-9a-f]+|[\w.@%:+~-]*/[\w.@%:+~/-]*|(?<=manifest )\S+(?= in )'
)
"""URLs, digests, paths and tags, which may contain any word or number."""


def classify(message: str, name: str) -> Fault:
    """The fault that an error message describes.

    Args:
        message: of skopeo, helm, or a container runtime.
        name: of the image or chart that was pulled, with or without a scheme.
    """
    own = re.escape(name.removeprefix("oci://"))
    text = _NAMES.sub(" ", re.sub(rf"(?<!\w){own}(?!\w)", " ", message)).lower()
    faults = (fault for fault, _, pattern in _PHRASES if re.search(pattern, text))
    return next(faults, Fault.other)
