"""Pure: the releases of a run in the order in which they are installed."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, Release, ReleaseName, Skill
from learnflow_infra.remedy import Command, Remedy


def order(
    skills: Sequence[Skill], library: Sequence[Skill], profile: Profile
) -> tuple[Release, ...]:
    """The releases of `skills` and all that they need from `library`, each after its needs.

    A release belongs to a profile if it has a chart for it. A need without a chart for
    the profile is left out (an operator that only one profile uses).

    Raises:
        InputError: a need is no release of the library, or releases need each other in a circle.
    """
    releases = {release.name: release for skill in library for release in skill.releases}
    pending = [release.name for skill in skills for release in skill.releases]
    graph: dict[ReleaseName, list[ReleaseName]] = {}
    while pending:
        release = releases[pending.pop()]
        if release.name in graph or profile not in release.profiles:
            continue
        _require_needs(release, releases)
        needs = [name for name in release.needs if profile in releases[name].profiles]
        graph[release.name] = needs
        pending.extend(needs)
    try:
        return tuple(releases[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise InputError(
            "Releases need each other in a circle.", why=" > ".join(error.args[1])
        ) from error


def _require_needs(release: Release, releases: Mapping[ReleaseName, Release]) -> None:
    for need in release.needs:
        if need not in releases:
            raise InputError(
                f"{release.skill}: the release {release.name} needs {need!r}, which no skill has.",
                why="Releases: " + ", ".join(sorted(releases)),
            )


def require_profile(skills: Sequence[Skill], profile: Profile) -> None:
    """Raise an error unless every skill has a release in the profile.

    Raises:
        InputError: naming the skills without one.
    """
    profiles = {skill.name: {p for r in skill.releases for p in r.profiles} for skill in skills}
    missing = [name for name, offered in profiles.items() if profile not in offered]
    if missing:
        offered = sorted(set.union(*profiles.values()))
        raise InputError(
            f"No chart in the profile {profile}: {', '.join(missing)}.",
            why="Profiles that these skills have: " + ", ".join(offered),
            remedy=Remedy(Command("deploy", "--profile", offered[0])),
        )
