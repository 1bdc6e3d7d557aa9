from pathlib import Path

import pytest
import yaml

from learnflow_infra.readiness.status import compute

ROWS = yaml.safe_load((Path(__file__).parent / "tables/status.yaml").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_status(row):
    status = compute(row["object"])
    assert status.state == row["want"]
    assert row.get("message", "") in status.message
    assert status.ready == (row["want"] == "Current")
