"""To which revision a release goes back: verified before ready, and never to a broken one."""

import pytest

from learnflow_infra.clients.helm_output import Revision
from learnflow_infra.engine.request.revisions import candidates, last_good
from learnflow_infra.models import Release
from learnflow_infra.outputs import record as records
from learnflow_infra.outputs.record import Record, ReleaseRecord

RELEASE = Release(name="db", skill="s", profiles={})
ENDPOINTS = {"endpoints": [{"name": "db", "skill": "s", "release": "db"}]}


def entry(number, status="superseded"):
    return Revision(
        revision=number,
        status=status,
        updated=float(number),
        description="",
        chart="db-1",
        app_version="",
    )


def recorded(*revisions):
    """Revisions that were ready: `2` was only ready, `"2"` was verified as well."""
    ready = tuple(
        records.Revision(
            revision=int(item), deployed=float(item), at="T", verified=isinstance(item, str)
        )
        for item in revisions
    )
    return Record(releases={"db": ReleaseRecord(skill="s", revisions=ready)})


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (recorded("3", "2", "1"), [3, 2, 1]),
        (recorded(3, "2", "1"), [2, 1, 3]),
        (recorded(3, 2), [3, 2]),
        (recorded("4", "1"), [4, 1]),
        (recorded("9"), []),
        (recorded(), []),
        (Record(), []),
        (Record(endpoints=ENDPOINTS), [4, 3, 1]),
    ],
)
def test_verified_then_ready_then_what_an_earlier_version_deployed(record, expected):
    history = [entry(4, "deployed"), entry(3), entry(2, "failed"), entry(1)]
    assert candidates(history, record, RELEASE) == expected


def test_a_revision_of_a_former_life_is_another():
    record = recorded("1")
    again = [entry(1), Revision(**{**vars(entry(1)), "updated": 99.0})]
    assert candidates(again[1:], record, RELEASE) == []
    assert candidates(again[:1], record, RELEASE) == [1]


def made(number, status, description):
    return Revision(**{**vars(entry(number, status)), "description": description})


BROKEN = [
    made(3, "failed", 'Rollback "db" failed: conflict'),
    made(2, "superseded", "deploy, with limit"),
    made(1, "superseded", "deploy"),
]


@pytest.mark.parametrize(
    ("history", "record", "expected"),
    [
        (BROKEN, recorded("1"), 1),  # helm calls 2 superseded, and no pod ever got its limit
        (BROKEN, recorded("1", 2), 2),
        (BROKEN, recorded(), 2),  # helm's word, where no revision was ready
        (BROKEN, Record(), 2),  # of an earlier version
        ([made(2, "superseded", "Preparing upgrade"), BROKEN[2]], Record(), 1),
        ([made(2, "superseded", 'Upgrade "db" failed: x'), BROKEN[2]], Record(), 1),
        ([made(2, "superseded", "Upgrade complete"), BROKEN[2]], recorded("1"), 2),
        ([made(4, "superseded", "Rollback to 2"), *BROKEN], recorded("1"), 1),
        ([made(4, "superseded", "Rollback to 1"), *BROKEN], recorded("1"), 4),
        ([made(9, "superseded", "Rollback to 8"), BROKEN[2]], recorded("1"), 9),
        ([made(1, "superseded", "Initial install underway")], Record(), None),
    ],
)
def test_the_last_good_revision_was_in_use(history, record, expected):
    assert last_good(history, record, "db") == expected
