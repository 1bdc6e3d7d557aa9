"""Loads images into minikube."""

import subprocess
from pathlib import Path

from learnflow_infra.errors import ArtifactError

SECONDS = 900.0
"""Until minikube is ended."""
_KEPT = 2000
"""Characters of its stderr in an error."""


def load(profile: str, archive: Path) -> None:
    """Load an image into a profile's nodes.

    Args:
        profile: minikube's.
        archive: a tar as `docker load` takes it.

    Raises:
        ArtifactError: minikube failed; `why` is its stderr.
    """
    command = ["minikube", "image", "load", str(archive), "--profile", profile]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(profile, str(error)) from error
    # minikube exits 0 even if a node did not take the image, and then reports it on stderr
    if done.returncode or "failed to" in done.stderr.lower():
        raise _failed(profile, done.stderr.strip()[-_KEPT:])


def _failed(profile: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"minikube could not load an image into its profile {profile}.",
        why=why,
        remedy=f"Check that it runs: minikube status --profile {profile}",
    )
