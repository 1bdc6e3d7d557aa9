import re

import pytest

from learnflow_infra import documents
from learnflow_infra.clients import cel
from learnflow_infra.models import ReadyRule
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.status import compute, evaluate
from learnflow_infra.skills import ready

DOCUMENT = repo_root() / "docs/readiness.md"

RULE = ReadyRule(
    api_version="example.org/v1",
    kind="Db",
    current="status.phase == 'Up' && status.members.all(m, m.ready)",
    in_progress="status.phase == 'Rolling'",
    failed="status.phase == 'Broken' || status.retries > 3",
)


def db(generation=1, **status):
    metadata = {"name": "d", "generation": generation}
    return {"apiVersion": "example.org/v1", "kind": "Db", "metadata": metadata, "status": status}


@pytest.mark.parametrize(
    ("status", "want", "message"),
    [
        ({"phase": "Up", "members": [{"ready": True}]}, "Current", "ready"),
        ({"phase": "Up", "members": [{"ready": True}, {"ready": False}]}, "InProgress", "Up"),
        ({"phase": "Up"}, "InProgress", "Up"),
        ({"phase": "Up", "members": None}, "InProgress", "Up"),
        ({}, "InProgress", "not yet: status.phase == 'Up'"),
        ({"phase": "Broken"}, "Failed", "Broken"),
        ({"retries": 4}, "Failed", "status.retries > 3"),
        ({"phase": "Rolling", "retries": 4}, "InProgress", "Rolling"),
        ({"state": "Syncing"}, "InProgress", "Syncing"),
        ({"phase": "", "state": "Syncing"}, "InProgress", "Syncing"),
        ({"phase": 3}, "InProgress", "not yet: "),
        ({"phase": "Up", "members": [], "observedGeneration": 1}, "Current", "ready"),
    ],
)
def test_the_first_expression_that_is_true_decides(status, want, message):
    result = compute(db(**status), [RULE])
    assert (result.state, message in result.message) == (want, True), result


def test_a_rule_waits_until_the_newest_spec_is_observed():
    outdated = db(generation=2, phase="Broken", members=[], observedGeneration=1)
    assert compute(outdated, [RULE]).state == "InProgress"
    assert "newest spec" in compute(outdated, [RULE]).message


def test_the_message_of_a_condition_is_reported():
    conditions = [
        {"type": "Synced", "status": "False", "reason": "Denied", "message": "no such bucket"}
    ]
    assert (
        compute(db(phase="Broken", conditions=conditions), [RULE]).message
        == "Denied: no such bucket"
    )


def test_a_rule_applies_to_its_kind_in_every_version_of_its_group():
    broken = db(phase="Broken")
    assert compute({**broken, "kind": "Cache"}, [RULE]).state == "InProgress"
    assert compute({**broken, "apiVersion": "example.com/v1"}, [RULE]).state == "InProgress"
    assert compute({**broken, "apiVersion": "example.org/v2"}, [RULE]).state == "Failed"
    assert [status.state for _, status in evaluate([broken], [RULE])] == ["Failed"]
    assert [status.state for _, status in evaluate([broken])] == ["InProgress"]


def test_a_rule_replaces_the_built_in_rule():
    rule = ReadyRule(api_version="v1", kind="Pod", current="spec.gate == 'open'")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"gate": "open"}}
    assert compute(pod).state == "InProgress"
    assert compute(pod, [rule]).state == "Current"


def test_an_object_being_deleted_is_terminating_despite_rules():
    deleted = db(phase="Up", members=[])
    deleted["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x.org/y"]}
    status = compute(deleted, [RULE])
    assert (status.state, status.message) == ("Terminating", "being deleted, waits for x.org/y")


@pytest.mark.parametrize(
    ("expression", "want"),
    [
        ("status.x == 1", True),
        ("has(status.y)", False),
        ("status.y == 1", False),
        ("missing.x == 1", False),
        ("status.x", False),  # not a boolean
        ("status.list.exists(e, e == 'a')", True),
        ("status.list[7] == 'a'", False),
        ("1 / 0 == 1", False),
        ("unknown(1)", False),
        ("status.x == 1 || missing.x == 1", True),
        ("status.big > 9007199254740992", True),
    ],
)
def test_an_expression_that_fails_is_not_true(expression, want):
    status = {"x": 1, "list": ["a"], "big": 2**62}
    assert cel.holds(expression, {"status": status}) is want


def test_an_expression_is_compiled_once():
    assert cel.program("1 == 1") is cel.program("1 == 1")


def test_the_documented_example_is_valid_in_a_skill(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
    path = tmp_path / "skill.yaml"
    path.write_text(example)
    document = documents.load(path)
    release = {"name": "a", "profiles": {"embedded": {"chart": "charts/a"}}, **document}
    faults = documents.schema_faults({"releases": [release]}, "skill")
    assert [text for keys, text in faults if keys] == []  # faults of other fields do not matter
    ready.check(path, {"releases": [release]})
    rules, causes = ready.rules(document["ready"]), ready.causes(document["ready"])
    up = {"phase": "Running", "members": [{"ready": True}]}
    assert compute({**db(**up), "kind": "Database"}, rules).state == "Current"
    assert re.search(causes[0].log, "WARN no leader for 1200 ms")
