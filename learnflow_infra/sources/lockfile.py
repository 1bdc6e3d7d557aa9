"""charts-values/charts.lock: the digest of the chart that each release is installed from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.models import Document, Profile, ReleaseName
from learnflow_infra.paths import repo_root
from learnflow_infra.system import files

HEADER = (
    "# The charts that a deploy installs, by digest. The verb `chart lock` writes this file;\n"
    "# a deploy refuses what differs. Commit it.\n"
)


@dataclass(frozen=True, kw_only=True)
class LockedChart:
    """A chart of an OCI registry; the digest is that of its manifest."""

    chart: str
    version: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Profile to release to its chart."""

    profiles: Mapping[Profile, Mapping[ReleaseName, LockedChart]] = field(default_factory=dict)

    def chart(self, profile: Profile, release: ReleaseName) -> LockedChart | None:
        """The locked chart of a release."""
        return self.profiles.get(profile, {}).get(release)


def path() -> Path:
    """The lock's file."""
    return repo_root() / "charts-values" / "charts.lock"


def read(file: Path | None = None) -> Lock:
    """Read the lock; a missing file is an empty lock.

    Raises:
        InputError: it is malformed; with file and line.
    """
    file = file or path()
    if not file.exists():
        return Lock()
    document = documents.load(file)
    documents.check(file, document, "charts-lock")
    return Lock(
        profiles={
            Profile(profile): {
                ReleaseName(name): LockedChart(**item) for name, item in charts.items()
            }
            for profile, charts in document["profiles"].items()
        }
    )


def write(lock: Lock, file: Path | None = None) -> bool:
    """Write the lock's file atomically, if it differs.

    Returns:
        Whether it differed.

    Raises:
        FoundationError: it cannot be written.
    """
    file = file or path()
    return files.update(file, HEADER + documents.dump(_document(lock)))


def _document(lock: Lock) -> Document:
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "ChartLock",
        "profiles": {
            str(profile): {str(name): asdict(chart) for name, chart in sorted(charts.items())}
            for profile, charts in sorted(lock.profiles.items())
            if charts
        },
    }
