"""The order of values, lowest first.

Chart defaults (merged by helm) < charts-values/<release>/values.yaml <
values-<profile>.yaml < images that this project built < the operator's files in order.
In those, the top-level key is the release and `global` reaches all, as in an umbrella chart.
"""

import difflib
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document, Profile, ReleaseName
from learnflow_infra.paths import repo_root
from learnflow_infra.values.merge import merge, put

GLOBAL = "global"


def read_overrides(files: Sequence[Path], releases: Sequence[ReleaseName]) -> list[Document]:
    """Read the operator's values files.

    Raises:
        InputError: a file is malformed, or a top-level key names no release.
    """
    loaded = []
    for file in files:
        document = documents.load(file)
        for key in document:
            _check_scope(file, key, document, releases)
        loaded.append(document)
    return loaded


def _check_scope(file: Path, key: str, document: Document, releases: Sequence[ReleaseName]) -> None:
    line = documents.line_of(file, [key]) if isinstance(key, str) else 1
    known = [*releases, GLOBAL]
    if key not in known:
        near = difflib.get_close_matches(str(key), known, n=1)
        raise InputError(
            f"{file}:{line}: {key!r} is no release.",
            why="The top-level key is the release: " + ", ".join(known),
            remedy=f"Did you mean {near[0]}?" if near else f"Write it below one: {known[0]}:",
        )
    if not isinstance(document[key], dict | None):
        raise InputError(f"{file}:{line}: {key!r} must hold a mapping of the chart's values.")


def compute(
    release: ReleaseName,
    profile: Profile,
    images: Mapping[str, Document],
    overrides: Sequence[Document],
    folder: Path | None = None,
) -> Document:
    """The values that helm gets for a release.

    Args:
        release: whose values.
        profile: whose `values-<profile>.yaml` is laid on `values.yaml`.
        images: key of the chart to `{registry, repository, tag}`.
        overrides: the operator's files, read by `read_overrides`.
        folder: charts-values/, or another folder like it.

    Raises:
        InputError: a values file is malformed.
    """
    base = (folder or repo_root() / "charts-values") / release
    files = [base / "values.yaml", base / f"values-{profile}.yaml"]
    layers = [documents.load(file) for file in files if file.exists()]
    built: Document = {}
    for key, image in images.items():
        built = put(built, key, image)
    layers.append(built)
    for override in overrides:
        if override.get(GLOBAL):
            layers.append({GLOBAL: override[GLOBAL]})
        layers.append(override.get(release) or {})
    return reduce(merge, layers, {})
