"""Atomic writes of files, and temporary folders."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learnflow_infra.errors import FoundationError


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`, which replaces `path` when the block ends.

    Readers of `path` see the old content or the new one. If the block fails, the temporary file
    is removed and `path` is unchanged. The content is synced to disk (fsync(2)) before the
    file is renamed. Missing folders are created.

    Args:
        path: the file to write.
        mode: permissions at creation, less the process's umask.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        yield temporary
        os.fsync(descriptor)
        temporary.replace(path)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def replace(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a file atomically; text is UTF-8. See `replacing`."""
    data = content.encode() if isinstance(content, str) else content
    with replacing(path, mode) as temporary:
        temporary.write_bytes(data)


def update(path: Path, text: str, mode: int = 0o666) -> bool:
    """Write a text file atomically, unless it has that text already.

    Args:
        path: the file to write.
        text: its content.
        mode: permissions at creation, less the process's umask. A file that has the text already
            loses those that `mode` lacks.

    Returns:
        Whether the text differed.

    Raises:
        FoundationError: the file cannot be written.
    """
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            _restrict(path, mode)
            return False
        replace(path, text, mode)
    except OSError as error:
        raise unwritable(path, error) from error
    return True


def _restrict(path: Path, mode: int) -> None:
    present = path.stat().st_mode & 0o777
    if present & ~mode:
        path.chmod(present & mode)


def unwritable(path: Path, error: OSError) -> FoundationError:
    """The error for a file that the user cannot write."""
    return FoundationError(
        f"{path} cannot be written.",
        why=error.strerror or str(error),
        remedy=f"Make {path.parent} writable for you, and free some disk.",
    )


@contextmanager
def scratch(parent: Path, prefix: str = "") -> Iterator[Path]:
    """Yield an empty temporary folder in `parent`, which is created if it is missing.

    Files can be moved from it to any place on the disk of `parent`.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
