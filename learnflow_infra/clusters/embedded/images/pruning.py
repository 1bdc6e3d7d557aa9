"""Removes programs and images from the cache that were not used for a month and do not run."""

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

DAYS = 30.0
_KEY = re.compile(r"[0-9a-f]{8,}")


def prune(used: Path) -> None:
    """Mark an entry of the cache as used, and remove older ones of the same name.

    An entry is a folder `<key>` of programs or a file `<name>-<key>.tar`. Only root can see
    the processes of other users, so an ordinary user removes no programs.
    """
    with suppress(OSError):  # made by another user
        os.utime(used)
    oldest = time.time() - DAYS * 86400
    old = [path for path in siblings(used) if path.stat().st_mtime < oldest]
    if old and not used.is_dir():
        for path in old:
            path.unlink(missing_ok=True)
    elif old and os.geteuid() == 0:
        running = _running()
        for path in old:
            if not any(_identity(file) in running for file in path.iterdir()):
                shutil.rmtree(path, ignore_errors=True)


def siblings(used: Path) -> list[Path]:
    """Entries with the same name and another key."""
    name = used.stem.rpartition("-")[0]
    prefix, end = f"{name}-" if name else "", used.suffix
    others = (path for path in used.parent.glob(f"{prefix}*{end}") if path != used)
    return [path for path in others if _KEY.fullmatch(path.stem.removeprefix(prefix))]


def _running() -> set[tuple[int, int]]:
    """Device and inode of the files that processes run; paths differ between namespaces."""
    identities = (_identity(path / "exe") for path in Path("/proc").glob("[0-9]*"))
    return {identity for identity in identities if identity}


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # it has ended, or is a kernel thread
        return None
    return status.st_dev, status.st_ino
