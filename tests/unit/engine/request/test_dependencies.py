from pathlib import Path

import pytest

from learnflow_infra.engine.request import dependencies
from learnflow_infra.errors import InputError
from learnflow_infra.models import (
    ChartSource,
    Profile,
    Release,
    ReleaseName,
    Skill,
    SkillName,
)

HERE, ELSEWHERE = Profile("embedded"), Profile("upstream")


def skill(name, profiles=(HERE,), **releases):
    made = tuple(
        Release(
            name=ReleaseName(release),
            skill=SkillName(name),
            needs=tuple(map(ReleaseName, needs)),
            profiles={p: ChartSource(chart="c") for p in profiles},
        )
        for release, needs in releases.items()
    )
    return Skill(
        name=SkillName(name),
        description="d",
        folder=Path(),
        credentials=(),
        releases=made,
        endpoints=(),
    )


def names(releases):
    return [release.name for release in releases]


def test_needs_come_first_and_are_taken_from_other_skills():
    a, b = skill("a", app=["db"]), skill("b", db=[], other=[])
    assert names(dependencies.order([a], [a, b], HERE)) == ["db", "app"]


def test_an_unknown_need_is_named():
    a = skill("a", app=["db"])
    with pytest.raises(InputError, match="app needs 'db'"):
        dependencies.order([a], [a], HERE)


def test_a_circle_is_named():
    a = skill("a", x=["y"], y=["x"])
    with pytest.raises(InputError, match="circle") as error:
        dependencies.order([a], [a], HERE)
    assert "x" in error.value.why


def test_a_need_that_the_profile_lacks_falls_away():
    operator = skill("operator", profiles=(ELSEWHERE,), operator=[])
    app = skill("app", profiles=(HERE, ELSEWHERE), app=["operator"])
    library = [app, operator]
    assert names(dependencies.order([app], library, HERE)) == ["app"]
    assert names(dependencies.order([app], library, ELSEWHERE)) == ["operator", "app"]
    assert names(dependencies.order([operator], library, HERE)) == []


def test_a_profile_that_a_skill_lacks_is_refused():
    a = skill("a", x=[])
    dependencies.require_profile([a], HERE)
    with pytest.raises(InputError, match="profile upstream: a") as error:
        dependencies.require_profile([a], ELSEWHERE)
    assert "--profile embedded" in str(error.value.remedy)
