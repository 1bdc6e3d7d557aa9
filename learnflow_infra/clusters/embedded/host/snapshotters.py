"""Which containerd snapshotter a cluster uses: overlayfs where the disk allows it."""

from pathlib import Path

from learnflow_infra.system import files
from learnflow_infra.system.programs import succeeds

PROBE = """
cd "$1" && mkdir lower upper work merged && touch lower/file &&
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged &&
rm merged/file && test ! -e merged/file
"""
"""Mounts, and deletes what a lower layer has: that needs more of the disk than mounting."""


def choose(folder: Path) -> str:
    """Try an overlay mount in the folder: some file systems (another overlay, NFS) refuse.

    The mount is made in a mount namespace of its own, which ends with it.
    """
    with files.scratch(folder) as scratch:
        works = succeeds(["unshare", "--mount", "sh", "-c", PROBE, "sh", scratch])
    return "overlayfs" if works else "native"
