"""Statuses of real objects in every phase, and of damaged ones."""

import copy
from typing import get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from learnflow_infra.models import ReadyRule
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.states import State
from learnflow_infra.readiness.status import compute, conventions, evaluate
from learnflow_infra.readiness.stuck import stuck_pods

TABLES = sorted((repo_root() / "tests/unit/tables" / "status").glob("*.yaml"))
ROWS = [row for path in TABLES for row in yaml.load(path.read_text(), yaml.CSafeLoader)]
REAL = [row for row in ROWS if row["source"].startswith("real: ")]
KINDS = sorted(
    {(row["object"].get("apiVersion", ""), row["object"].get("kind", "")) for row in ROWS}
)
STATES = set(get_args(State)) - {"NotFound"}  # an object that exists is never NotFound


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_status(row):
    status = compute(row["object"])
    assert status.state == row["want"]
    assert row.get("message", "") in status.message
    assert status.ready == (row["want"] == "Current")


def test_the_tables_cover_kinds_states_and_real_objects():
    assert len({row["name"] for row in ROWS}) == len(ROWS) >= 150
    assert len(REAL) >= 100
    assert {row["want"] for row in ROWS} == STATES


def test_every_difference_from_kstatus_is_listed():
    keys = ("kstatus", "want")
    listed = yaml.safe_load((TABLES[0].parents[1] / "kstatus.yaml").read_text())
    compared = {
        (row["object"]["kind"], *(row[k] for k in keys)) for row in ROWS if "kstatus" in row
    }
    differences = {key for key in compared if key[1] != key[2]}
    assert differences == {(row["kind"], *(row[k] for k in keys)) for row in listed}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "status", "conditions", "replicas", "name", "ready", "phase"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
RULES = [
    ReadyRule(api_version="v1", kind=kind, current="status.ready", failed="status.conditions[0].x")
    for kind in ("Pod", "Db")
]


def places(value, above=()):
    """Every path into an object, without the empty one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner if isinstance(value, dict | list) else ():
        yield (*above, key)
        if isinstance(item, dict | list):
            yield from places(item, (*above, key))


@st.composite
def damaged(draw):
    """A row's object with up to three of its values removed or replaced."""
    obj = copy.deepcopy(draw(st.sampled_from(ROWS))["object"])
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(list(places(obj)) or [("kind",)]))
        parent = obj
        for step in above:
            parent = parent[step]
        if draw(st.booleans()):
            parent[key] = draw(JSON)
        elif isinstance(parent, list) or key in parent:
            del parent[key]
    return obj


@settings(deadline=None)
@given(obj=damaged(), rules=st.sampled_from([(), RULES]))
def test_a_damaged_object_has_a_status(obj, rules):
    assert compute(obj, rules).state in STATES
    assert [result for result, _ in evaluate([obj, obj], rules)] == [obj, obj]


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    spec=JSON,
    status=JSON,
)
def test_an_object_with_any_content_has_a_status(kind, spec, status):
    obj = {"apiVersion": kind[0], "kind": kind[1], "spec": spec, "status": status}
    assert compute(obj).state == "Unknown"
    assert compute({**obj, "metadata": {"name": "x", "generation": 2}}, RULES).state in STATES


@settings(deadline=None)
@given(first=damaged(), second=damaged())
def test_pods_with_damaged_fields_are_never_stuck(first, second):
    assert stuck_pods([first, second], 2e9) == []


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ({"conditions": [{"type": "Stalled", "status": "True"}]}, True),
        ({"conditions": [{"type": "Degraded", "status": "True"}]}, False),
        ({"phase": "Failed"}, False),
        ({"state": "error"}, False),
    ],
)
def test_only_a_stalled_resource_is_refused_for_good(status, wanted):
    obj = {"apiVersion": "x.org/v1", "kind": "X", "metadata": {"name": "x"}, "status": status}
    assert compute(obj).state == "Failed"
    assert conventions.refuses(obj) is wanted
