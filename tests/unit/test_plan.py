from pathlib import Path

import pytest

from learnflow_infra.engine import plan
from learnflow_infra.errors import InputError
from learnflow_infra.models import (
    ChartSource,
    Foundation,
    Profile,
    Release,
    ReleaseName,
    Skill,
    SkillName,
)


def skill(name, **releases):
    made = tuple(
        Release(
            name=ReleaseName(release),
            skill=SkillName(name),
            needs=tuple(map(ReleaseName, needs)),
            profiles={Profile("embedded"): ChartSource(chart="c")},
        )
        for release, needs in releases.items()
    )
    return Skill(
        name=SkillName(name),
        description="d",
        folder=Path(),
        foundation=Foundation(cpu=0, memory=0, storage=0),
        credentials=(),
        releases=made,
        endpoints=(),
    )


def names(releases):
    return [release.name for release in releases]


def test_needs_come_first_and_are_taken_from_other_skills():
    a, b = skill("a", app=["db"]), skill("b", db=[], other=[])
    assert names(plan.order([a], [a, b])) == ["db", "app"]


def test_an_unknown_need_is_named():
    a = skill("a", app=["db"])
    with pytest.raises(InputError, match="app needs 'db'"):
        plan.order([a], [a])


def test_a_circle_is_named():
    a = skill("a", x=["y"], y=["x"])
    with pytest.raises(InputError, match="circle") as error:
        plan.order([a], [a])
    assert "x" in error.value.why


def test_a_profile_that_a_skill_lacks_is_refused():
    a = skill("a", x=[])
    with pytest.raises(InputError, match="profile upstream: x") as error:
        plan.check_profile(plan.order([a], [a]), Profile("upstream"))
    assert "learnflow-infra cluster up" in error.value.remedy
