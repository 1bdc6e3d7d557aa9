"""The helm program against OCI registries: charts pulled by version or digest.

Credentials are helm's own and docker's; plain HTTP is spoken to loopback registries only.
"""

import asyncio
import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from learnflow_infra.clients import retry
from learnflow_infra.clients.helm_program import executable
from learnflow_infra.errors import ArtifactError

SCHEME = "oci://"
PULL_SECONDS = 120.0
"""The longest that one chart may take to come, retries included; it has some 100 KB."""
NEWEST_SECONDS = 15.0
"""How long a registry may take to tell which versions it has."""
RETRY_SECONDS = 8.0
"""For how long a registry that is out of order is asked again."""


class ChartMissingError(ArtifactError):
    """The registry has no chart of that name and version, or digest."""


async def pull(reference: str, folder: Path, *, version: str = "", digest: str = "") -> str:
    """Pull a chart of an OCI registry as a .tgz into a folder.

    Helm compares what it gets with the digests of the registry's manifest, and the manifest
    with `digest`.

    Args:
        reference: `oci://host/path/name`.
        folder: where the archive goes; it is empty.
        version: which version; not used where there is a digest.
        digest: of the manifest, `sha256:...`.

    Returns:
        The digest of the manifest.

    Raises:
        ChartMissingError: there is none; with the newest that there is, where it is told.
        ArtifactError: the registry refuses it, cannot be reached, or takes too long.
    """
    wanted = [f"{reference}@{digest}"] if digest else [reference, "--version", version]
    try:
        work = retry.call_async(
            lambda: _once("pull", *wanted, "--destination", str(folder)), seconds=RETRY_SECONDS
        )
        told = await asyncio.wait_for(work, PULL_SECONDS)
    except TimeoutError:
        raise _slow(reference) from None
    except (retry.TransientError, _HelmError) as error:
        failure = explained(reference, digest or version, str(error))
        if isinstance(failure, ChartMissingError) and not digest:
            failure = _missing(f"{reference} {version}", str(error), await newest(reference))
        raise failure from None
    found = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", told, re.MULTILINE)
    if found is None:
        raise ArtifactError(f"helm told no digest of {reference}.", why=told)
    return str(found[1])


async def newest(reference: str) -> str:
    """The newest version of a chart, prereleases included; "" where the registry does not tell."""
    try:
        work = _once("show", "chart", reference, "--version", ">0.0.0-0")
        told = await asyncio.wait_for(work, NEWEST_SECONDS)
    except (TimeoutError, retry.TransientError, _HelmError):
        return ""
    found = re.search(r"^version: *[\"']?([^\s\"']+)", told, re.MULTILINE)
    return found[1] if found else ""


def is_loopback(reference: str) -> bool:
    """A registry of this very machine, by its reference with or without a scheme."""
    host = urlsplit(f"//{reference.removeprefix(SCHEME)}").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _HelmError(Exception):
    """Helm failed; its text is helm's own."""


async def _once(*command: str) -> str:
    """Run helm; returns what it said."""
    plain = ["--plain-http"] if any(is_loopback(word) for word in _references(command)) else []
    process = await asyncio.create_subprocess_exec(
        executable(),
        *(*command, *plain),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, told = (part.decode("utf-8", "replace") for part in await process.communicate())
    finally:
        if process.returncode is None:  # cancelled, or out of time
            process.kill()
            await process.wait()
    if process.returncode:
        raise (retry.TransientError if _TRANSIENT.search(_bare(told)) else _HelmError)(told.strip())
    return out + told


def _references(command: Sequence[str]) -> list[str]:
    return [word for word in command if word.startswith(SCHEME)]


def _bare(words: str) -> str:
    """Helm's words without addresses and digests, in which any number may stand."""
    return re.sub(r'"?https?://[^\s"]+"?|sha256:[0-9a-f]+|\S+/\S+', "", words).lower()


_TRANSIENT = re.compile(
    r"\b50[0234] [a-z]|\b429\b|toomanyrequests|connection reset|unexpected eof|: eof$"
)
_REFUSED = re.compile(r"\b40[13]\b|unauthorized|denied|forbidden|credentials")
_MISSING = re.compile(r"not found|\b404\b|manifest unknown|name unknown")
_LIMITED = re.compile(r"\b429\b|toomanyrequests|rate limit")
_UNTRUSTED = re.compile(r"x509|certificate|http response to https")


def explained(reference: str, wanted: str, words: str) -> ArtifactError:
    """Pure: the error for what helm said when it could not pull a chart."""
    said, what = _bare(words), f"{reference} {wanted}"
    host = reference.removeprefix(SCHEME).partition("/")[0]
    login = f"helm registry login {host}   (a login of docker's serves, too)"
    if _LIMITED.search(said):
        return ArtifactError(
            f"The registry limits how often you may pull: the chart {what}.",
            why=words,
            remedy=f"Wait, log in ({login}), or take it from a mirror: --image-mirror FROM=TO",
        )
    if _REFUSED.search(said):
        return ArtifactError(
            f"The registry does not give the chart {what} to you, or has no such repository.",
            why=words,
            remedy=login,
        )
    if _MISSING.search(said) and "no such host" not in said:
        return _missing(what, words, "")
    if _UNTRUSTED.search(said):
        return ArtifactError(
            f"The registry of the chart {what} is not trusted.",
            why=words,
            remedy="Let this machine trust its certificate: SSL_CERT_FILE=CA.pem   "
            "(plain HTTP is spoken to registries on this machine only)",
        )
    return _unreachable(f"The chart {what} cannot be pulled.", words)


def _missing(what: str, words: str, newest_version: str) -> ChartMissingError:
    has = f"The newest that it has is {newest_version}. " if newest_version else ""
    return ChartMissingError(
        f"The registry has no chart {what}.",
        why=has + words,
        remedy="Correct `version` in skill.yaml, then: learnflow-infra chart lock   "
        "(a mirror may lack it: copy it there)",
    )


def _slow(reference: str) -> ArtifactError:
    return _unreachable(
        f"The chart {reference} did not come within {PULL_SECONDS:.0f} s.",
        "The registry, or the way to it, is too slow.",
    )


def _unreachable(what: str, words: str) -> ArtifactError:
    return ArtifactError(
        what,
        why=words,
        remedy="Is there a network, or a proxy to be named (HTTPS_PROXY)? Else take it from a "
        "mirror: --image-mirror FROM=TO, or from a bundle: learnflow-infra bundle load FILE",
    )
