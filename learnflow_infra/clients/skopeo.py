"""The skopeo program, for images and charts in OCI registries (its only caller).

Credentials are those that docker or skopeo keep; none is ever an argument. TLS is
checked, but for registries on this very machine's loopback. Options are those that
skopeo 1.9 has, too.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from learnflow_infra.clients import retry
from learnflow_infra.clients.helm_pull import is_loopback
from learnflow_infra.clients.registry_faults import RegistryError, explained
from learnflow_infra.clients.registry_words import RETRIED
from learnflow_infra.errors import HostError

PACKAGES = {"skopeo": "skopeo"}
"""The program, and the package that brings it (Debian, Ubuntu, Fedora, Homebrew)."""
ASK_SECONDS, STALL_SECONDS, COPY_SECONDS = 20.0, 60.0, 1800.0
"""How long a registry may take to answer, send no byte of an image, and send all of it."""
_children: set["subprocess.Popen[bytes]"] = set()
_TICK = 0.5
_POLICIES = (
    Path("/etc/containers/policy.json"),
    Path("~/.config/containers/policy.json"),
)


@contextmanager
def ended_on_error() -> Iterator[None]:
    """End the copies that other threads wait for, when this block is left by an error.

    A Ctrl-C reaches only the main thread: without this it would wait for an image.
    """
    try:
        yield
    except BaseException:
        for child in tuple(_children):
            child.terminate()
        raise


def installed() -> bool:
    """Whether this machine has skopeo."""
    return shutil.which("skopeo") is not None


def digest(reference: str) -> str:
    """The digest of the manifest (or index) that a registry has; one small request.

    Raises:
        RegistryError: it has none, or does not say.
    """
    words = ["inspect", "--raw", *_tls("--tls-verify", reference), f"docker://{reference}"]
    manifest = _run(words, reference, seconds=ASK_SECONDS)
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def pull(
    reference: str,
    folder: Path,
    *,
    every_platform: bool = False,
    seen: Callable[[int], None] = lambda _size: None,
) -> None:
    """Copy from a registry into a folder as skopeo's `dir:` has it, byte for byte.

    Args:
        reference: by tag or by digest, not both.
        folder: is made; `manifest.json`, and blobs by the hex of their digest.
        every_platform: not this machine's alone.
        seen: is told the bytes that have come, twice a second.

    Raises:
        RegistryError: it cannot be had.
    """
    options = ["--preserve-digests", *(["--all"] if every_platform else [])]
    options += _tls("--src-tls-verify", reference)

    def come() -> int:
        size = sum(path.stat().st_size for path in folder.glob("*") if path.exists())
        seen(size)
        return size

    words = ["copy", "--quiet", *options, f"docker://{reference}", f"dir:{folder}"]
    _run(words, reference, seconds=COPY_SECONDS, come=come)


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
    come: Callable[[], int] | None = None,
) -> bytes:
    """Run skopeo; what may pass by itself is tried again, for at most 20 s of trying.

    Raises:
        RegistryError: it failed.
    """
    last: list[RegistryError] = []

    def attempt() -> bytes:
        try:
            return _once(words, reference, seconds, come)
        except RegistryError as error:
            last.append(error)
            if error.fault in RETRIED:
                raise retry.TransientError from error
            raise

    try:
        return retry.call(attempt)
    except retry.TransientError:
        raise last[-1] from None


def _once(
    words: Sequence[str], reference: str, seconds: float, come: Callable[[], int] | None
) -> bytes:
    if not installed():
        raise HostError("The program skopeo is missing.", remedy="apt-get install skopeo")
    with subprocess.Popen(
        ["skopeo", *_unguarded(), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    ) as process:
        _children.add(process)
        try:
            out, told = _communicate(process, seconds, come)
        except BaseException:
            process.kill()
            raise
        finally:
            _children.discard(process)
    if process.returncode:
        raise explained(reference, told.decode("utf-8", "replace"))
    return out


def _communicate(
    process: "subprocess.Popen[bytes]", seconds: float, come: Callable[[], int] | None
) -> tuple[bytes, bytes]:
    begun = moved = time.monotonic()
    size = 0
    while True:
        try:
            return process.communicate(timeout=_TICK)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if come and (grown := come()) != size:
            size, moved = grown, now
        if now - begun > seconds:
            words = f"timeout: no end within {seconds:.0f} s"
        elif come and now - moved > STALL_SECONDS:
            words = f"timeout: nothing came for {STALL_SECONDS:.0f} s"
        else:
            continue
        process.kill()
        return b"", words.encode()


def _unguarded() -> list[str]:
    """Debian can install skopeo without the policy that it asks for: none then means any image."""
    there = any(path.expanduser().exists() for path in _POLICIES)
    return [] if there else ["--insecure-policy"]


def _environment() -> dict[str, str]:
    """This process's variables; docker's folder of credentials counts, as for docker."""
    found = dict(os.environ)
    docker = Path(found.get("DOCKER_CONFIG", "")) / "config.json"
    if found.get("DOCKER_CONFIG") and docker.exists():
        found.setdefault("REGISTRY_AUTH_FILE", str(docker))
    return found
