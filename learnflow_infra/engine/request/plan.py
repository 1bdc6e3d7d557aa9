"""Pure: the releases of a run in their order."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, Release, ReleaseName, Skill
from learnflow_infra.remedy import Command, Remedy


def order(
    skills: Sequence[Skill], library: Sequence[Skill], profile: Profile
) -> tuple[Release, ...]:
    """The releases of `skills` in a profile and what they need from `library`, needs first.

    A release belongs to the profiles that it has a chart for; a need of one that the
    profile lacks falls away (an operator that only one profile has).

    Raises:
        InputError: a need names no release, or needs run in a circle.
    """
    known = {release.name: release for skill in library for release in skill.releases}
    wanted = [release.name for skill in skills for release in skill.releases]
    graph: dict[ReleaseName, list[ReleaseName]] = {}
    while wanted:
        release = known[wanted.pop()]
        if release.name in graph or profile not in release.profiles:
            continue
        _check_needs(release, known)
        graph[release.name] = [n for n in release.needs if profile in known[n].profiles]
        wanted.extend(graph[release.name])
    try:
        return tuple(known[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise InputError(
            "Releases need each other in a circle.", why=" > ".join(error.args[1])
        ) from error


def _check_needs(release: Release, known: Mapping[ReleaseName, Release]) -> None:
    for need in release.needs:
        if need not in known:
            raise InputError(
                f"{release.skill}: the release {release.name} needs {need!r}, which no skill has.",
                why="Releases: " + ", ".join(sorted(known)),
            )


def check_profile(skills: Sequence[Skill], profile: Profile) -> None:
    """Every skill must have a release in the profile.

    Raises:
        InputError: naming the skills without one.
    """
    offers = {skill.name: {p for r in skill.releases for p in r.profiles} for skill in skills}
    without = [name for name, profiles in offers.items() if profile not in profiles]
    if without:
        offered = sorted(set.union(*offers.values()))
        raise InputError(
            f"No chart in the profile {profile}: {', '.join(without)}.",
            why="Profiles that these skills have: " + ", ".join(offered),
            remedy=Remedy(Command("deploy", "--profile", offered[0])),
        )
