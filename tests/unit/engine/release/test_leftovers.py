"""What failed revisions left, by their manifests."""

import pytest

from learnflow_infra.engine.release import leftovers
from learnflow_infra.engine.release.changes import by_key


def objects(**data):
    return by_key([config_map("a", **data)])


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def containers(*items):
    pods = {"template": {"spec": {"containers": [{"name": "c", "env": list(items)}]}}}
    workload = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"}}
    return by_key([workload | {"spec": pods}])


def env(name, value="1"):
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("attempt", "deployed", "desired", "left"),
    [
        (objects(a="1"), objects(a="1"), objects(a="1"), False),
        (objects(a="2"), objects(a="1"), objects(a="1"), False),
        (objects(a="1", b="2"), objects(a="1"), objects(a="1"), True),
        (objects(a="1", b="2"), objects(a="1", b="1"), objects(a="1"), False),
        (objects(a="1", b="2"), objects(a="1"), objects(a="1", b="3"), False),
        ({**objects(), **by_key([config_map("b")])}, objects(), objects(), True),
        ({**objects(), **by_key([config_map("b")])}, objects(), by_key([config_map("b")]), False),
        (containers(env("A", "2")), containers(env("A")), containers(env("A")), False),
        (containers(env("A"), env("B")), containers(env("A")), containers(env("A")), True),
        (containers(env("A"), env("B")), containers(env("A"), env("B")), containers(), False),
        (containers({"name": {"a": 1}}), containers(env("A")), containers(), True),
        (containers({"name": [1]}), containers({"name": [1]}), containers(), False),
    ],
    ids=[
        "nothing",
        "another value",
        "a field",
        "a field that the deployed revision has, which helm removes",
        "a field that is desired",
        "an object",
        "an object that is desired",
        "another value in a list",
        "an item of a list",
        "an item that the deployed revision has",
        "an item whose name is a mapping",
        "an item whose name is a list, which the deployed revision has",
    ],
)
def test_what_only_a_failed_revision_has_is_left(attempt, deployed, desired, left):
    assert leftovers.exist([attempt], deployed, desired) is left


def test_every_failed_revision_counts():
    fine, bad = objects(a="2"), objects(a="1", b="2")
    assert leftovers.exist([fine, bad], objects(a="1"), objects(a="1"))
    assert not leftovers.exist([], objects(), objects())
