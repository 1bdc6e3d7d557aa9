"""Pull charts from OCI registries with helm, by version or digest.

Helm uses its own and docker's credentials. Only registries on loopback get plain HTTP.
"""

import asyncio
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from learnflow_infra.clients import helm_program, retry
from learnflow_infra.clients.helm_errors import HelmError
from learnflow_infra.clients.registry_faults import Puller, RegistryError, remedy
from learnflow_infra.clients.registry_words import RETRIED, Fault, classify
from learnflow_infra.errors import ArtifactError
from learnflow_infra.remedy import Remedy

SCHEME = "oci://"
PULL_SECONDS = 120.0
"""Timeout of one chart, of about 100 KB, retries included."""
NEWEST_SECONDS = 15.0
"""Timeout of a registry that lists its versions."""
RETRY_SECONDS = 8.0
"""How long a registry with a transient fault is asked again."""


async def pull(reference: str, folder: Path, *, version: str = "", digest: str = "") -> str:
    """Pull a chart of an OCI registry as a .tgz into a folder.

    Helm verifies the content by the digests in the manifest, and the manifest by `digest`.

    Args:
        reference: `oci://host/path/name`.
        folder: an empty one, for the archive.
        version: ignored if there is a digest.
        digest: of the manifest, `sha256:...`.

    Returns:
        The digest of the manifest.

    Raises:
        RegistryError: it cannot be pulled; if the version is missing, `why` names the newest
            one in the registry.
    """
    chart = [f"{reference}@{digest}"] if digest else [reference, "--version", version]

    def is_passing(error: BaseException) -> bool:
        return isinstance(error, HelmError) and classify(error.stderr, reference) in RETRIED

    try:
        work = retry.call_async(
            lambda: _run(reference, "pull", *chart, "--destination", str(folder)),
            on=is_passing,
            seconds=RETRY_SECONDS,
        )
        printed = await asyncio.wait_for(work, PULL_SECONDS)
    except TimeoutError:
        raise _slow(reference) from None
    except HelmError as error:
        missing = not digest and classify(error.stderr, reference) is Fault.missing
        latest = await newest(reference, prereleases=True) if missing else ""
        raise explained(reference, digest or version, error.stderr, latest) from None
    match = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", printed, re.MULTILINE)
    if match is None:
        raise ArtifactError(f"helm printed no digest of {reference}.", why=printed)
    return str(match[1])


async def newest(reference: str, *, prereleases: bool) -> str:
    """The newest version of a chart, or its newest release; "" if the registry gives none."""
    wanted = ">0.0.0-0" if prereleases else ">0.0.0"
    try:
        work = _run(reference, "show", "chart", reference, "--version", wanted)
        printed = await asyncio.wait_for(work, NEWEST_SECONDS)
    except (TimeoutError, HelmError):
        return ""
    match = re.search(r"^version: *[\"']?([^\s\"']+)", printed, re.MULTILINE)
    return match[1] if match else ""


def is_loopback(reference: str) -> bool:
    """Whether a reference, with or without a scheme, names a registry on this machine."""
    host = urlsplit(f"//{reference.removeprefix(SCHEME)}").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _run(reference: str, *command: str) -> str:
    """Run helm; return stdout and stderr, since helm prints digests on either."""
    plain = ["--plain-http"] if is_loopback(reference) else []
    result = await helm_program.run([*command, *plain])
    return result.text + result.err.decode("utf-8", "replace")


def explained(reference: str, version: str, stderr: str, newest_version: str = "") -> RegistryError:
    """Pure: the error for a chart that helm could not pull.

    Args:
        reference: `oci://host/path/name`.
        version: the requested version or digest.
        stderr: helm's.
        newest_version: in the registry, if known.
    """
    fault = classify(stderr, reference)
    newest_line = (
        f"The newest version in the registry is {newest_version}. " if newest_version else ""
    )
    return RegistryError(
        f"The chart {reference} {version} cannot be pulled: {fault}.",
        fault=fault,
        why=newest_line + stderr,
        remedy=_remedy(fault, reference),
    )


def _slow(reference: str) -> RegistryError:
    return RegistryError(
        f"The chart {reference} was not pulled within {PULL_SECONDS:.0f} s.",
        fault=Fault.unreachable,
        why="The registry, or the network to it, is too slow.",
        remedy=_remedy(Fault.unreachable, reference),
    )


def _remedy(fault: Fault, reference: str) -> Remedy:
    return remedy(fault, reference.removeprefix(SCHEME).partition("/")[0], Puller.helm)
