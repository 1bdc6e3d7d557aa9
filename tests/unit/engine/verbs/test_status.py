"""What `status -o json` prints, against its published schema."""

import json
from typing import get_args

import pytest
from typer.testing import CliRunner

from learnflow_infra.cli.main import app
from learnflow_infra.documents import schema_faults, schema_path
from learnflow_infra.engine.release.state import ReleaseState
from learnflow_infra.engine.verbs import status as verb
from learnflow_infra.readiness.status import State, Status


def state(release, status="deployed", found="Current"):
    objects = [(f"Pod/{release}-0", Status(state=found, message=""))]
    known = ReleaseState.IN_SYNC if status == "deployed" else ReleaseState.FAILED
    return verb.ReleaseStatus(
        release=release, revision=1, status=status, state=known, objects=objects
    )


ABSENT = verb.ReleaseStatus(
    release="postgres",
    revision=0,
    status="not installed",
    state=ReleaseState.ABSENT,
    objects=[],
)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([state("kafka"), state("postgres")], 0),
        ([state("kafka"), state("postgres", found="NotFound")], 7),
        ([state("kafka"), ABSENT], 7),
    ],
)
def test_it_is_one_document_of_its_schema(monkeypatch, states, code):
    monkeypatch.setattr(verb, "status", lambda _options, _emit: states)
    done = CliRunner().invoke(app, ["status", "--output", "json"])
    document = json.loads(done.stdout)
    assert schema_faults(document, "status") == []
    assert (done.exit_code, document["ready"]) == (code, code == 0)
    assert [item["release"] for item in document["releases"]] == ["kafka", "postgres"]


def test_a_release_that_is_not_installed_has_no_revision(monkeypatch):
    monkeypatch.setattr(verb, "status", lambda _options, _emit: [state("kafka"), ABSENT])
    lines = CliRunner().invoke(app, ["status"]).stdout.splitlines()
    assert lines[0] == "kafka  revision 1  deployed"
    assert lines[-1] == "postgres  not installed"


def test_the_schema_knows_every_state():
    known = json.loads(schema_path("status").read_text())["$defs"]["object"]["properties"]["status"]
    assert set(known["enum"]) == set(get_args(State))


def test_the_schema_refuses_the_bare_list_of_old():
    assert schema_faults([{"release": "kafka"}], "status")
