"""minikube: what is asked of its program beside the choice of a target."""

import subprocess
from pathlib import Path

from learnflow_infra.errors import ArtifactError

SECONDS = 900.0
_SAID = 2000


def load(profile: str, archive: Path) -> None:
    """Load an image into a profile's nodes.

    Args:
        profile: minikube's.
        archive: a tar as `docker load` takes it.

    Raises:
        ArtifactError: minikube failed; `why` holds its words.
    """
    command = ["minikube", "image", "load", str(archive), "--profile", profile]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(profile, str(error)) from error
    # minikube can exit 0 though a node did not take the image; it says so then
    if done.returncode or "failed to" in done.stderr.lower():
        raise _failed(profile, done.stderr.strip()[-_SAID:])


def _failed(profile: str, words: str) -> ArtifactError:
    return ArtifactError(
        f"minikube could not load an image into its profile {profile}.",
        why=words,
        remedy=f"See whether it runs: minikube status --profile {profile}",
    )
