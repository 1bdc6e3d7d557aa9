"""The error of a program that filled the disk."""

from learnflow_infra.errors import HostError
from learnflow_infra.paths import cache_dir

FULL = "no space left on device"
"""In what programs of Go print then."""


def full(what: str, why: str) -> HostError:
    """The error.

    Args:
        what: was not done.
        why: what the program printed, or how much is free.
    """
    return HostError(
        what,
        why=why,
        remedy=f"Free some space (df -h {cache_dir()}), then run the same command again.",
    )
