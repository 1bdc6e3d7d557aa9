"""Properties have no clock: how fast something is, is measured in bench/."""

import pytest
from hypothesis import HealthCheck, settings

from learnflow_infra.clients import helm_choice

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(scope="session")
def chosen_helm():
    """The helm of all tests, by its name: a test's own cache holds none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(helm_choice.VARIABLE, helm_choice.ensure().path)
        yield helm_choice.expected()
