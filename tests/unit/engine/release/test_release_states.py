"""The table of docs/release-states.md, and what the program decides in each state."""

from pathlib import Path

import pytest
import yaml

from learnflow_infra.cli.main import exit_codes
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.state import Observed, ReleaseState, action_for, state_of

TABLE = Path(__file__).parents[2] / "tables/release_states.yaml"
ROWS = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
VERBS = ["deploy", "diff", "dry-run", "rollback", "delete", "status", "verify", "diagnose"]
CHANGE = Change(object="ConfigMap/a", kind="changed", text="")


def observed(row):
    facts = row["observed"]
    if not facts:
        return Observed()
    live = Live(revision=2, status=facts["status"], manifest=Manifest(), values={})
    return Observed(
        live=live,
        deployed=live if facts.get("deployed") else None,
        held_for=9.0 if facts.get("held") else 0.0,
        ours=not facts.get("foreign"),
    )


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_state_and_the_action_of_a_row_are_those_of_the_program(row):
    facts = row["observed"]
    drifted = Finding(desired={}, path="", state="drifted", change=CHANGE)
    state = state_of(
        observed(row),
        diff=[CHANGE] if facts.get("changed") else [],
        findings=[drifted] if facts.get("drifted") else [],
    )
    assert (state, action_for(state, observed(row))) == (row["state"], row["action"])


def test_every_state_and_every_verb_is_in_the_table():
    assert {row["state"] for row in ROWS} == set(ReleaseState)
    assert all(list(row)[5:] == VERBS for row in ROWS)


def test_every_code_of_the_table_is_an_exit_code():
    codes = {row[verb][1] for row in ROWS for verb in VERBS}
    assert codes <= set(exit_codes())


def test_a_dry_run_and_diff_end_as_the_deploy_would_end_before_it_changes_anything():
    for row in ROWS:
        assert row["diff"] == row["dry-run"]
        assert row["diff"][1] == row["deploy"][1]
