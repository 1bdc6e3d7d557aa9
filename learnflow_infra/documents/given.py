"""Reads files that a user names: devices without end and pipes without a writer are refused."""

import io
import os
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO

from learnflow_infra.errors import InputError

LIMIT = 5 * 1024**2
"""Maximum size in bytes. Source: Helm's MaxDecompressedFileSize, its limit of a chart's file."""
PATIENCE = 10.0
"""Seconds in which a program has to open a named pipe."""
_OPEN_ALREADY = ("/dev/", "/proc/")
"""Where a pipe has no name of its own: /dev/fd/63 of `<(program)`, /dev/stdin."""


def content(path: Path | str, name: str = "") -> bytes:
    """The bytes of a file; `-` is stdin, as in Helm.

    Args:
        path: of a file, or of a pipe that some program writes to.
        name: of the file, for errors; "" is the path.

    Raises:
        InputError: it cannot be read, is too large, or is a pipe without a writer.
    """
    named = name or str(path)
    try:
        if str(path).strip() == "-":
            return _limited(_stdin(named), named)
        if _is_pipe(os.fspath(path)):
            return _piped(os.fspath(path), named)
        with open(path, "rb") as file:  # noqa: PTH123 - Path("") would be a folder
            return _limited(file, named)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{named} cannot be read.", why=why) from error


def _stdin(name: str) -> BinaryIO:
    if sys.stdin is None:  # as after `<&-` of a shell
        raise InputError(f"{name} is closed.")
    return sys.stdin.buffer


def _limited(file: BinaryIO, name: str) -> bytes:
    found = file.read(LIMIT + 1)
    if len(found) > LIMIT:
        size = f"{LIMIT // 1024**2} MiB"
        raise InputError(
            f"{name} is larger than {size}.",
            why="Helm takes no larger file in a chart, and stores at most 1 MiB of a release.",
            remedy="Keep large data in a ConfigMap, Secret or volume, and name that in the values.",
        )
    return found


def _is_pipe(path: str) -> bool:
    return not path.startswith(_OPEN_ALREADY) and stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116


def _piped(path: str, name: str) -> bytes:
    """The bytes of a named pipe, whose opening would wait for a writer without end."""
    with io.FileIO(path, opener=lambda file, flags: os.open(file, flags | os.O_NONBLOCK)) as pipe:
        begin = _begin(pipe, name)
        os.set_blocking(pipe.fileno(), True)
        with io.BufferedReader(pipe) as rest:
            return begin + _limited(rest, name)


def _begin(pipe: io.FileIO, name: str) -> bytes:
    """The first byte if it has been written; a read gives None while a writer writes nothing."""
    end = time.monotonic() + PATIENCE
    while (begin := pipe.read(1)) == b"":
        if time.monotonic() > end:
            raise InputError(
                f"{name} is a pipe, and nothing writes to it.",
                remedy="Start the program that writes to it, then run the same command again.",
            )
        time.sleep(0.05)
    return begin or b""
