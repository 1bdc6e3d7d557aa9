"""Loads images into nodes by the program that made the cluster."""

from collections.abc import Callable, Sequence

from learnflow_infra.errors import ArtifactError
from learnflow_infra.system import programs
from learnflow_infra.system.processes import ProgramError, Result

SECONDS = 900.0
"""Time limit of loading one image."""


def run(command: Sequence[str], failed: Callable[[str], ArtifactError]) -> Result:
    """Run the program that loads an image.

    Args:
        command: its command line.
        failed: the error for a reason.

    Raises:
        ArtifactError: it failed; the reason is its stderr.
    """
    try:
        result = programs.run(command, seconds=SECONDS)
    except ProgramError as error:
        raise failed(error.what) from error
    if result.code:
        raise failed(result.stderr)
    return result
