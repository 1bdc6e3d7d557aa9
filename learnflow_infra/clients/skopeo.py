"""The skopeo program, which copies images and charts of OCI registries (its only caller).

Credentials are those that docker or skopeo keep; none is ever an argument. TLS is
checked, but for registries on this very machine's loopback. Options are those that
skopeo 1.9 has, too.
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
"""The program, and the package that brings it (Debian, Ubuntu, Fedora, Homebrew)."""
ASK_SECONDS, STALL_SECONDS, COPY_SECONDS = 20.0, 60.0, 1800.0
"""Seconds for an answer, without a byte of an image, and for a whole image."""
_POLICIES = (
    Path("/etc/containers/policy.json"),
    Path("~/.config/containers/policy.json"),
)


def installed() -> bool:
    """Whether this machine has skopeo."""
    return shutil.which("skopeo") is not None


def digest(reference: str) -> str:
    """The digest of the manifest (or index) that a registry has; one small request.

    Raises:
        RegistryError: it has none, or does not answer.
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
        folder: is created; it gets `manifest.json`, and blobs named by the hex of their digest.
        every_platform: all platforms of the image, not only this machine's.
        progress: called twice a second with the bytes that have come.

    Raises:
        RegistryError: the registry does not give it.
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
        RegistryError: it does not take it.
    """
    options = ["--preserve-digests", "--all", *_tls("--dest-tls-verify", reference)]
    words = ["copy", "--quiet", *options, f"dir:{folder}", f"docker://{reference}"]
    _run(words, reference, seconds=COPY_SECONDS)


def archive(folder: Path, file: Path, reference: str) -> None:
    """Write a `dir:` folder as the tar that `docker load` takes.

    Args:
        folder: of an image for this platform.
        file: is made.
        reference: by tag; such a tar knows no digests.

    Raises:
        RegistryError: it cannot be written.
    """
    words = ["copy", "--quiet", f"dir:{folder}", f"docker-archive:{file}:{reference}"]
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
    """Run skopeo; faults that may pass are retried for at most 20 s.

    Args:
        words: skopeo's command and options.
        reference: for errors.
        seconds: how long it may take.
        size: returns the bytes received so far; they have to grow.

    Raises:
        RegistryError: it failed.
    """
    return retry.call(lambda: _once(words, reference, seconds, size), on=_is_passing)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, RegistryError) and error.fault in RETRIED


def _once(
    words: Sequence[str], reference: str, seconds: float, size: Callable[[], int] | None
) -> bytes:
    if not installed():
        raise HostError("The program skopeo is missing.", remedy="apt-get install skopeo")
    watch = _stall_watch(reference, size) if size else None
    command = ["skopeo", *_unguarded(), *words]
    try:
        result = programs.run(command, env=_environment(), seconds=seconds, tick=watch)
    except ProgramError as error:
        raise explained(reference, f"timeout: not finished within {seconds:.0f} s") from error
    if result.code:
        raise explained(reference, result.err.decode("utf-8", "replace"))
    return result.out


def _stall_watch(reference: str, size: Callable[[], int]) -> Callable[[], None]:
    """A function that raises when the size has not grown for too long."""
    last, grew = 0, time.monotonic()

    def look() -> None:
        nonlocal last, grew
        before, last = last, size()
        if last != before:
            grew = time.monotonic()
        elif time.monotonic() - grew > STALL_SECONDS:
            raise explained(reference, f"timeout: no data for {STALL_SECONDS:.0f} s")

    return look


def _unguarded() -> list[str]:
    """Without a policy file, which Debian does not install with skopeo, any image is accepted."""
    there = any(path.expanduser().exists() for path in _POLICIES)
    return [] if there else ["--insecure-policy"]


def _environment() -> dict[str, str]:
    """The variable that makes skopeo use the credentials in docker's folder ($DOCKER_CONFIG)."""
    folder = os.environ.get("DOCKER_CONFIG", "")
    file = Path(folder) / "config.json"
    if folder and file.exists() and "REGISTRY_AUTH_FILE" not in os.environ:
        return {"REGISTRY_AUTH_FILE": str(file)}
    return {}
