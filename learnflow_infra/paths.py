"""Where things live on this machine, by the XDG base directory specification.

The cache can be deleted at any time and is made again; the data are the embedded
clusters themselves. In the checkout, only `phase_dir()` is ever written.
"""

import os
from pathlib import Path


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "learnflow-infra"


def cache_dir() -> Path:
    """Builds, images and downloads: made again when missing."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def data_dir() -> Path:
    """State that must not be lost: `clusters/<name>/`."""
    return _xdg("XDG_DATA_HOME", ".local/share")


def repo_root() -> Path:
    """The checkout that holds skills-library/ and charts-values/."""
    return Path(__file__).resolve().parent.parent


def phase_dir() -> Path:
    """The one directory of the checkout that a deploy writes."""
    return repo_root() / "learnflow-app" / "phase-2-infrastructure"
