"""Keys of the values that only the chart of another profile has."""

from collections.abc import Iterator
from pathlib import Path

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, Release
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import chart_reading
from learnflow_infra.values import Computed, unknown_keys
from learnflow_infra.values.unknown import UnknownKey


def require_own_keys(release: Release, profile: Profile, computed: Computed) -> None:
    """Refuse keys that the chart's schema forbids and the chart of another profile has.

    Helm refuses them, too, but does not know the other chart. Charts in registries are not read.

    Raises:
        InputError: naming each, with its source and the profile.
    """
    refused = [key for key in computed.unknown_keys() if key.refused]
    found = list(_elsewhere(release, profile, computed, refused)) if refused else []
    if not found:
        return
    key, other = found[0]
    raise InputError(
        f"{key.source}: {key.key} needs the profile {other}.",
        why="\n".join(
            [
                *(f"{key.source}: {key.key} needs the profile {name}." for key, name in found[1:]),
                f"Only its chart has this; the chart of {profile} is another one.",
            ]
        ),
        remedy=Remedy("Leave it out, or: ", Command("deploy", "--profile", other)),
    )


def _elsewhere(
    release: Release, profile: Profile, computed: Computed, refused: list[UnknownKey]
) -> Iterator[tuple[UnknownKey, Profile]]:
    for other, source in release.profiles.items():
        if other == profile or source.remote:
            continue
        defaults = chart_reading.read(Path(source.chart)).defaults
        unknown = {key.path for key in unknown_keys(computed.values, defaults)}
        for key in refused:
            if not any(key.path[: len(path)] == path for path in unknown):
                yield key, other
