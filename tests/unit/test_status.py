from pathlib import Path

import pytest
import yaml

from learnflow_infra.readiness.status import compute

TABLES = Path(__file__).parent / "tables"
ROWS = [
    row
    for name in ("status.yaml", "status_custom.yaml")
    for row in yaml.safe_load((TABLES / name).read_text())
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_status(row):
    status = compute(row["object"])
    assert status.state == row["want"]
    assert row.get("message", "") in status.message
    assert status.ready == (row["want"] == "Current")
