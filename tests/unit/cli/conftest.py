"""Each test starts like a run of the program: no cluster and no namespace are named yet."""

import pytest

from learnflow_infra.cli.show import commands


@pytest.fixture(autouse=True)
def _no_place():
    yield
    commands.remember(None)
