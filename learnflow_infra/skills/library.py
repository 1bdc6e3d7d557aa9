"""The skills of skills-library/."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName, RemovedImages, Skill, SkillName
from learnflow_infra.paths import repo_root
from learnflow_infra.skills import reader


def library_dir() -> Path:
    """The folder of all skills."""
    return repo_root() / "skills-library"


def load_all(profile: Profile | None = None, library: Path | None = None) -> tuple[Skill, ...]:
    """Every skill of the library, sorted by name; `profile` as for `reader.load`.

    Raises:
        InputError: one of them is malformed, or two declare the same release.
    """
    files = sorted((library or library_dir()).glob("*/skill.yaml"))
    skills = tuple(reader.load(file.parent, profile) for file in files)
    owners: dict[ReleaseName, SkillName] = {}
    for skill in skills:
        for release in skill.releases:
            owner = owners.setdefault(release.name, skill.name)
            if owner != skill.name:
                raise InputError(
                    f"{owner} and {skill.name} both declare the release {release.name}."
                )
    return skills


def removed_images() -> list[RemovedImages]:
    """The removed images that all skills declare; they are removed for every release."""
    releases = (release for skill in load_all() for release in skill.releases)
    return [rule for release in releases for rule in release.removed_images]


def find(names: Sequence[str], skills: Sequence[Skill]) -> tuple[Skill, ...]:
    """The named skills; all if no name is given.

    Raises:
        InputError: a name is unknown; with the nearest name.
    """
    by_name = {skill.name: skill for skill in skills}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.3)
            raise InputError(
                f"There is no skill {name!r}.",
                why="Skills: " + ", ".join(by_name),
                remedy=f"Did you mean {near[0]}?" if near else "",
            )
    return tuple(skill for name, skill in by_name.items() if not names or name in names)
