"""Pure: the releases of a run in their order."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, Release, ReleaseName, Skill


def order(skills: Sequence[Skill], library: Sequence[Skill]) -> tuple[Release, ...]:
    """The releases of `skills` and what they need from `library`, needs first.

    Raises:
        InputError: a need names no release, or needs run in a circle.
    """
    known = {release.name: release for skill in library for release in skill.releases}
    wanted = [release.name for skill in skills for release in skill.releases]
    graph: dict[ReleaseName, tuple[ReleaseName, ...]] = {}
    while wanted:
        name = wanted.pop()
        if name in graph:
            continue
        needs = known[name].needs
        for need in needs:
            if need not in known:
                raise InputError(
                    f"{known[name].skill}: the release {name} needs {need!r}, which no skill has.",
                    why="Releases: " + ", ".join(sorted(known)),
                )
        graph[name] = needs
        wanted.extend(needs)
    try:
        return tuple(known[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise InputError(
            "Releases need each other in a circle.", why=" > ".join(error.args[1])
        ) from error


def check_profile(releases: Sequence[Release], profile: Profile) -> None:
    """Every release must have a chart in the profile.

    Raises:
        InputError: naming the releases without one.
    """
    without = [release.name for release in releases if profile not in release.profiles]
    if without:
        offered = sorted({name for release in releases for name in release.profiles})
        raise InputError(
            f"No chart in the profile {profile}: {', '.join(without)}.",
            why="Profiles that these skills have: " + ", ".join(offered),
            remedy=f"The profile {offered[0]} deploys to the embedded cluster: "
            "learnflow-infra cluster up, then: "
            "learnflow-infra deploy --context learnflow-learnflow",
        )
