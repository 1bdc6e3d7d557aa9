"""The containerd snapshotter of a cluster: overlayfs if the disk allows it, else native."""

from pathlib import Path

from learnflow_infra.system import files
from learnflow_infra.system.programs import succeeds

PROBE = """
cd "$1" && mkdir lower upper work merged && touch lower/file &&
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged &&
rm merged/file && test ! -e merged/file
"""
"""Mounts, and deletes a file of a lower layer, which fails on some disks that can mount."""


def choose(folder: Path) -> str:
    """Try an overlay mount in the folder; some file systems (another overlay, NFS) refuse it.

    The mount is made in a mount namespace of its own, which ends with it.
    """
    with files.scratch(folder) as scratch:
        works = succeeds(["unshare", "--mount", "sh", "-c", PROBE, "sh", scratch])
    return "overlayfs" if works else "native"
