"""Copy images and charts of OCI registries with skopeo (its only caller).

skopeo uses its own and docker's credentials; they are never arguments. TLS is verified,
except for registries on loopback. All options exist since skopeo 1.9.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from learnflow_infra.clients import retry
from learnflow_infra.clients.helm_pull import is_loopback
from learnflow_infra.clients.registry_faults import RegistryError, explained
from learnflow_infra.clients.registry_words import RETRIED
from learnflow_infra.errors import HostError
from learnflow_infra.system import programs
from learnflow_infra.system.processes import ProgramError

PACKAGES = {"skopeo": "skopeo"}
"""Program to package (Debian, Ubuntu, Fedora, Homebrew)."""
ASK_SECONDS, STALL_SECONDS, COPY_SECONDS = 20.0, 60.0, 1800.0
"""Timeouts in seconds: of an answer, of a copy without progress, of a whole copy."""
_POLICIES = (
    Path("/etc/containers/policy.json"),
    Path("~/.config/containers/policy.json"),
)


def installed() -> bool:
    """Whether this machine has skopeo."""
    return shutil.which("skopeo") is not None


def digest(reference: str) -> str:
    """The digest of the manifest or index in the registry, by one small request.

    Raises:
        RegistryError: it does not exist, or the registry does not answer.
    """
    words = ["inspect", "--raw", *_tls("--tls-verify", reference), f"docker://{reference}"]
    manifest = _run(words, reference, seconds=ASK_SECONDS)
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def pull(
    reference: str,
    folder: Path,
    *,
    every_platform: bool = False,
    progress: Callable[[int], None] = lambda _size: None,
) -> None:
    """Copy from a registry into a folder in skopeo's `dir:` format, byte for byte.

    Args:
        reference: by tag or by digest, not both.
        folder: is created, with `manifest.json` and blobs named by the hex of their digest.
        every_platform: all platforms of the image, not only this machine's.
        progress: called twice a second with the bytes received.

    Raises:
        RegistryError: it cannot be pulled.
    """
    options = ["--preserve-digests", *(["--all"] if every_platform else [])]
    options += _tls("--src-tls-verify", reference)

    def size() -> int:
        total = sum(path.stat().st_size for path in folder.glob("*") if path.exists())
        progress(total)
        return total

    words = ["copy", "--quiet", *options, f"docker://{reference}", f"dir:{folder}"]
    _run(words, reference, seconds=COPY_SECONDS, size=size)


def push(folder: Path, reference: str) -> None:
    """Copy a `dir:` folder to a registry, byte for byte.

    Raises:
        RegistryError: it cannot be pushed.
    """
    options = ["--preserve-digests", "--all", *_tls("--dest-tls-verify", reference)]
    words = ["copy", "--quiet", *options, f"dir:{folder}", f"docker://{reference}"]
    _run(words, reference, seconds=COPY_SECONDS)


def archive(folder: Path, file: Path, reference: str) -> None:
    """Write a `dir:` folder as a tar for `docker load`.

    Args:
        folder: of an image for this platform.
        file: the tar.
        reference: by tag; such a tar has no digests.

    Raises:
        RegistryError: it cannot be written.
    """
    words = ["copy", "--quiet", f"dir:{folder}", f"docker-archive:{file}:{reference}"]
    _run(words, reference, seconds=COPY_SECONDS)


def repack(layout: Path, file: Path, reference: str) -> None:
    """Write a tar of an OCI layout as a tar for `docker load`.

    Args:
        layout: a tar with one image.
        file: the tar to write.
        reference: the image's name, by tag.

    Raises:
        RegistryError: it cannot be written.
    """
    words = ["copy", "--quiet", f"oci-archive:{layout}", f"docker-archive:{file}:{reference}"]
    _run(words, reference, seconds=COPY_SECONDS)


def push_layout(layout: Path, reference: str) -> None:
    """Copy a tar of an OCI layout with one image to a registry.

    Raises:
        RegistryError: it cannot be pushed.
    """
    words = ["copy", "--quiet", *_tls("--dest-tls-verify", reference)]
    words += [f"oci-archive:{layout}", f"docker://{reference}"]
    _run(words, reference, seconds=COPY_SECONDS)


def _tls(option: str, reference: str) -> list[str]:
    return [f"{option}=false"] if is_loopback(reference) else []


def _run(
    words: Sequence[str],
    reference: str,
    *,
    seconds: float,
    size: Callable[[], int] | None = None,
) -> bytes:
    """Run skopeo; transient faults are retried for at most 20 s.

    Args:
        words: skopeo's command and options.
        reference: for errors.
        seconds: timeout.
        size: returns the bytes received so far, to detect a stall.

    Raises:
        RegistryError: it failed.
    """
    return retry.call(lambda: _once(words, reference, seconds, size), on=_is_transient)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, RegistryError) and error.fault in RETRIED


def _once(
    words: Sequence[str], reference: str, seconds: float, size: Callable[[], int] | None
) -> bytes:
    if not installed():
        raise HostError("The program skopeo is missing.", remedy="apt-get install skopeo")
    watch = _stall_watch(reference, size) if size else None
    command = ["skopeo", *_policy_options(), *words]
    try:
        result = programs.run(command, env=_environment(), seconds=seconds, tick=watch)
    except ProgramError as error:
        raise explained(reference, f"timeout: not finished within {seconds:.0f} s") from error
    if result.code:
        raise explained(reference, result.err.decode("utf-8", "replace"))
    return result.out


def _stall_watch(reference: str, size: Callable[[], int]) -> Callable[[], None]:
    """A function that raises if the size has not changed for `STALL_SECONDS`."""
    last, grew = 0, time.monotonic()

    def check() -> None:
        nonlocal last, grew
        before, last = last, size()
        if last != before:
            grew = time.monotonic()
        elif time.monotonic() - grew > STALL_SECONDS:
            raise explained(reference, f"timeout: no data for {STALL_SECONDS:.0f} s")

    return check


def _policy_options() -> list[str]:
    """Accept any image if there is no policy file; Debian's skopeo brings none."""
    exists = any(path.expanduser().exists() for path in _POLICIES)
    return [] if exists else ["--insecure-policy"]


def _environment() -> dict[str, str]:
    """The variable with which skopeo uses docker's credentials in $DOCKER_CONFIG."""
    folder = os.environ.get("DOCKER_CONFIG", "")
    file = Path(folder) / "config.json"
    if folder and file.exists() and "REGISTRY_AUTH_FILE" not in os.environ:
        return {"REGISTRY_AUTH_FILE": str(file)}
    return {}
