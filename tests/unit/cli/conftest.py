"""Each test starts like a run of the program: no cluster and no namespace are named yet."""

import pytest

from learnflow_infra import paths
from learnflow_infra.cli.show import commands


@pytest.fixture(autouse=True)
def _no_place(tmp_path, monkeypatch):
    """The folders of a run are the test's own, so that no run elsewhere holds their locks."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / "phase")
    yield
    commands.remember(None)
