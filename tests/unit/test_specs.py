"""What specs/ and docs/decisions/ say of the code is true of the code."""

import re
from typing import get_args

import pytest

from learnflow_infra import events
from learnflow_infra.paths import repo_root

SPECS = repo_root() / "specs/2-infra-deploy"
DECISIONS = sorted((repo_root() / "docs/decisions").glob("*.md"))
HEAD = (
    r"# (\d{4}) [^\n]+\n\nDate: \d{4}-\d\d-\d\d"
    r" · Status: (accepted|superseded by \[\d{4}\]\(\S+\))"
)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_has_number_date_and_status(path):
    head = re.match(HEAD, path.read_text())
    assert head, "wanted: # NUMBER TITLE, an empty line, Date: YYYY-MM-DD · Status: accepted"
    assert head[1] == path.name[:4]


def test_each_decision_has_a_number_of_its_own():
    numbers = [int(path.name[:4]) for path in DECISIONS]  # with gaps for those under way
    assert sorted(set(numbers)) == numbers


def test_the_data_model_lists_every_event():
    (row,) = re.findall(r"^\| Event .*$", (SPECS / "data-model.md").read_text(), re.MULTILINE)
    assert [kind.__name__ for kind in get_args(events.Event) if kind.__name__ not in row] == []


@pytest.mark.parametrize("page", ["specs/2-infra-deploy/plan.md", "CONTRIBUTING.md"])
def test_the_layout_names_every_package_and_no_other(page):
    package = repo_root() / "learnflow_infra"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    table = re.findall(r"^\| (`[^|]+) \|", (repo_root() / page).read_text(), re.MULTILINE)
    cells = " ".join(table).replace("learnflow_infra/", "")
    named = {name.split("/")[0] for name in re.findall(r"[\w/-]+", cells)}
    assert folders - named == set()
