"""What `diff` and `deploy --dry-run=server` print, and their exit codes."""

import json

import pytest
from typer.testing import CliRunner

from learnflow_infra.cli.main import app
from learnflow_infra.documents import schema_faults
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.state import Action
from learnflow_infra.engine.verbs import diff
from learnflow_infra.engine.verbs.diff import Diff, Planned

NOTHING = Planned(release="kafka", action=Action.NONE, crds=(), changes=())
MAP = Change(object="ConfigMap/a", kind="added", text="+ data")
INSTALL = Planned(release="kafka", action=Action.INSTALL, crds=("things.x.io",), changes=[MAP])
DRY_RUNS = [["diff"], ["deploy", "--dry-run=server"]]


@pytest.fixture
def show(monkeypatch):
    def run(planned, *words):
        monkeypatch.setattr(diff, "diff", lambda *_, **__: planned)
        return CliRunner().invoke(app, words)

    return run


@pytest.mark.parametrize("words", DRY_RUNS)
@pytest.mark.parametrize(
    ("planned", "detailed"),
    [
        (Diff(namespace="", secrets=(), releases=[NOTHING]), 0),
        (Diff(namespace="", secrets=(), releases=[INSTALL]), 2),
        (Diff(namespace="new", secrets=(), releases=[NOTHING]), 2),
        (Diff(namespace="", secrets=["admin"], releases=[NOTHING]), 2),
    ],
)
def test_changes_end_with_2_only_by_a_flag(show, words, planned, detailed):
    assert show(planned, *words).exit_code == 0
    assert show(planned, *words, "--detailed-exitcode").exit_code == detailed


@pytest.mark.parametrize("words", DRY_RUNS)
def test_everything_that_would_be_created_is_named(show, words):
    planned = Diff(namespace="new", secrets=["admin"], releases=[INSTALL])
    text = show(planned, *words).output
    assert text.splitlines() == [
        "added Namespace/new",
        "added Secret/admin, with generated passwords",
        "kafka: would be installed",
        "  added CustomResourceDefinition/things.x.io",
        "  added ConfigMap/a",
        "    + data",
    ]
    document = json.loads(show(planned, *words, "-o", "json").stdout)
    assert schema_faults(document, "diff") == []
    assert (document["changed"], document["namespace"]) == (True, "new")
