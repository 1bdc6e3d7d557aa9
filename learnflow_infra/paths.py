"""Folders on this machine, by the XDG base directory specification.

The cache can be deleted at any time; the data are the embedded clusters. In the checkout,
a deploy writes only `phase_dir()`.
"""

import os
from pathlib import Path

from learnflow_infra.errors import InputError


def _xdg(variable: str, default: str) -> Path:
    base = Path(os.environ.get(variable) or Path.home() / default)
    existing = next((path for path in (base, *base.parents) if path.exists()), base)
    if existing.exists() and not existing.is_dir():
        raise InputError(f"{base} is no folder.", remedy=f"Set {variable} to a folder.")
    return base / "learnflow-infra"


def cache_dir() -> Path:
    """Builds, images and downloads, which are made again if they are missing.

    Raises:
        InputError: XDG_CACHE_HOME is no folder.
    """
    return _xdg("XDG_CACHE_HOME", ".cache")


def data_dir() -> Path:
    """State that must not be lost: `clusters/<name>/`.

    Raises:
        InputError: XDG_DATA_HOME is no folder.
    """
    return _xdg("XDG_DATA_HOME", ".local/share")


def repo_root() -> Path:
    """The checkout that holds skills-library/ and charts-values/."""
    return Path(__file__).resolve().parent.parent


def phase_dir() -> Path:
    """The only folder of the checkout that a deploy writes."""
    return repo_root() / "learnflow-app" / "phase-2-infrastructure"
