"""`chart lock`: pin the charts of registries by the current digests of their versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra import skills as library
from learnflow_infra.clients import helm_choice
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import Emit
from learnflow_infra.models import ChartSource, Profile, ReleaseName
from learnflow_infra.remedy import Remedy
from learnflow_infra.sources import charts, lockfile, mirror
from learnflow_infra.sources.lockfile import Lock, LockedChart
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """The lock by the registries' digests, and a line for each chart that differed before."""

    lock: Lock
    changes: tuple[str, ...] = ()


def pin(texts: Sequence[str], emit: Emit, *, check: bool = False) -> Pinned:
    """Write charts.lock: the charts that all profiles take from registries.

    Args:
        texts: mirrors, `FROM=TO`.
        emit: takes the events.
        check: write nothing, and raise an error if the lock differs.

    Raises:
        ArtifactError: a chart cannot be obtained; nothing was written.
        RefusedError: `check`, and the lock differs.
        InputError: charts.lock is malformed.
        FoundationError: it cannot be written.
    """
    mirrors = [mirror.parse(text) for text in texts]
    helm_choice.ensure(emit)
    latest = tasks.complete(_latest(_remote_charts(), mirrors, emit))
    changes = tuple(differences(lockfile.read(), latest))
    if check and changes:
        raise RefusedError(
            "charts.lock differs from what the registries have.",
            why="\n".join(changes),
            remedy=Remedy("If it is to be trusted, accept it: ", charts.RELOCK),
        )
    if not check:
        lockfile.write(latest)
    return Pinned(lock=latest, changes=changes)


RemoteCharts = Sequence[tuple[Profile, ReleaseName, ChartSource]]


def _remote_charts() -> RemoteCharts:
    """The charts that the skills take from registries."""
    return [
        (profile, release.name, source)
        for skill in library.load_all()
        for release in skill.releases
        for profile, source in release.profiles.items()
        if source.remote
    ]


async def _latest(remote: RemoteCharts, mirrors: Sequence[Mirror], emit: Emit) -> Lock:
    latest = await tasks.together(*(charts.latest(source, mirrors, emit) for *_, source in remote))
    profiles: dict[Profile, dict[ReleaseName, LockedChart]] = {}
    for (profile, name, source), chart in zip(remote, latest, strict=True):
        locked = LockedChart(chart=source.chart, version=source.version, digest=chart.digest)
        profiles.setdefault(profile, {})[name] = locked
    return Lock(profiles=profiles)


def differences(before: Lock, after: Lock) -> list[str]:
    """A line for each release whose chart differs."""
    lines: list[str] = []
    for profile in sorted({*before.profiles, *after.profiles}):
        old, new = before.profiles.get(profile, {}), after.profiles.get(profile, {})
        lines += [
            f"{profile} {name}: {_text(old.get(name))} -> {_text(new.get(name))}"
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    return lines


def _text(chart: LockedChart | None) -> str:
    return f"{chart.version} {chart.digest}" if chart else "nothing"
