"""Whole releases at one moment: ready, or the cause by which a wait may end."""

import math

import pytest
import short_objects
import yaml

from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.causes import explain, policy
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.owned import Evaluator

ROWS = yaml.safe_load((repo_root() / "tests/unit/tables/releases.yaml").read_text())


def snapshot(row):
    expected = Expected(
        names=tuple(row["names"]),
        replicas=row.get("replicas", {}),
        fleeting=frozenset(row.get("fleeting", ())),
    )
    objects = [short_objects.obj(fields) for fields in row.get("objects", ())]
    pods = [short_objects.pod(f"p-{n}", fields) for n, fields in enumerate(row.get("pods", ()))]
    if not row["names"]:
        expected = Expected(
            names=tuple(f"{o['kind']}/{o['metadata']['name']}" for o in [*objects, *pods])
        )
    return Evaluator("r", expected).evaluate([*objects, *pods])


def causes(row, now):
    evidence = Evidence(
        namespace="n",
        states=now.states,
        missing=now.missing,
        replicas=now.replicas,
        events=[short_objects.event(fields) for fields in row.get("events", ())],
        surroundings=[short_objects.obj(fields) for fields in row.get("around", ())],
    )
    return explain(evidence)


def outcome(now, found):
    ending = [cause.code for cause in found if policy(cause.code, {}).grace < math.inf]
    return "ready" if now.ready else next(iter(ending), "NotReady")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_release_is_ready_or_has_its_cause(row):
    now = snapshot(row)
    found = [] if now.ready else causes(row, now)
    assert outcome(now, found) == row["want"], (now.unready(), found)
    told = "\n".join(str(line) for cause in found for line in cause.lines())
    told += "".join(f"\n{cause.code} {cause.object}" for cause in found)
    assert row.get("contains", "") in told
    assert "lacks" not in row or row["lacks"] not in told


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_what_is_ready_counts_nothing_that_is_not(row):
    now = snapshot(row)
    assert now.ready == (not now.unready())
    assert now.ready == all(status.ready for _, status in now.statuses())
