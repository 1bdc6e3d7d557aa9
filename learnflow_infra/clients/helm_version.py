"""The version that a helm program reports; it is remembered, so that a deploy starts no process."""

import json
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from learnflow_infra.paths import cache_dir
from learnflow_infra.system import files, programs
from learnflow_infra.system.processes import ProgramError


def version_of(path: str) -> str:
    """The version that a helm program reports, as 4.3.1.

    It is remembered by path, time and size of the file.

    Raises:
        ProgramError: it reports none.
    """
    stat = Path(path).stat()
    return _remembered(f"{Path(path).resolve()} {stat.st_mtime_ns} {stat.st_size}", path)


@cache
def _remembered(key: str, path: str) -> str:
    memory = cache_dir() / "helm-versions.json"
    try:
        known: dict[str, str] = json.loads(memory.read_text())
    except (OSError, ValueError):
        known = {}
    version = known.get(key) or _reported(path)
    if key not in known:
        with suppress(OSError):  # a cache that cannot be written
            files.replace(memory, json.dumps({**known, key: version}, indent=1))
    return version


def _reported(path: str) -> str:
    text = programs.output([path, "version", "--template", "{{.Version}}"], seconds=30).strip()
    match = re.fullmatch(r"v?(\d+\.\d+\S*)", text)
    if match is None:
        raise ProgramError("It reports no version.", why=f"It printed: {text[:200]!r}")
    return match[1]
