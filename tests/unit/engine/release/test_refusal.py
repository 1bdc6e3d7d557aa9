"""The ways out that a refusal names."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.release.refusal import with_way_back
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.errors import InputError
from learnflow_infra.models import Release

RELEASE = Release(name="db", skill="db-skill", profiles={})
GOOD, BAD = SimpleNamespace(revision=1), SimpleNamespace(revision=2)


@pytest.mark.parametrize(
    ("observed", "named"),
    [
        (Observed(live=BAD, deployed=GOOD, attempts=[BAD]), True),
        (Observed(live=GOOD, deployed=GOOD), False),
        (Observed(live=BAD, attempts=[BAD]), False),
        (Observed(), False),
    ],
    ids=["after a failed upgrade", "deployed", "after a failed install", "absent"],
)
def test_values_that_a_chart_refuses_after_a_failed_upgrade_have_a_way_back(observed, named):
    error = with_way_back(InputError("No.", remedy="Correct the values."), RELEASE, observed)
    assert error.what == "No."
    assert str(error.remedy).startswith("Correct the values.")
    assert ("revision 2" in str(error.remedy)) is named
    assert ("learnflow-infra rollback db-skill" in str(error.remedy)) is named
