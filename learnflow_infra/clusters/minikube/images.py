"""Loads images into minikube."""

from functools import partial
from pathlib import Path

from learnflow_infra.clusters import image_load
from learnflow_infra.errors import ArtifactError


def load(profile: str, archive: Path) -> None:
    """Load an image into a profile's nodes.

    Args:
        profile: minikube's.
        archive: a tar as `docker load` takes it.

    Raises:
        ArtifactError: minikube failed; `why` is its stderr.
    """
    command = ["minikube", "image", "load", str(archive), "--profile", profile]
    result = image_load.run(command, partial(_failed, profile))
    # minikube exits 0 even if a node did not take the image, and then reports it on stderr
    if b"failed to" in result.err.lower():
        raise _failed(profile, result.stderr)


def _failed(profile: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"minikube could not load an image into its profile {profile}.",
        why=why,
        remedy=f"Check that it runs: minikube status --profile {profile}",
    )
