"""What a verification covers: whatever is replaced changes it, whatever only moves does not."""

import copy

import pytest

from learnflow_infra.engine.release.covered import covered


def pod(**spec):
    return {
        "kind": "Pod",
        "metadata": {"name": "db-0", "uid": "p"},
        "spec": spec,
        "status": {"phase": "Running", "containerStatuses": [{"restartCount": 1}]},
    }


def claim(name, uid="c"):
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "uid": uid}}


USES = {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}
SERVICE = {
    "kind": "Service",
    "metadata": {"name": "db", "uid": "s"},
    "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 5432, "nodePort": 30432}]},
}


def test_pods_claims_and_services_are_known_by_what_changes_when_they_are_replaced():
    found = covered([pod(**USES), SERVICE], [claim("data"), claim("of-others")])
    assert found.objects == {
        "Pod/db-0": "p 1",
        "Service/db": "s 10.0.0.1 5432:None:30432",
        "PersistentVolumeClaim/data": "c",
    }
    assert found.claims == {"data": "c"}


@pytest.mark.parametrize(
    ("index", "keys", "value"),
    [
        (0, ("metadata", "uid"), "q"),
        (0, ("status", "containerStatuses"), [{"restartCount": 2}]),
        (1, ("metadata", "uid"), "t"),
        (1, ("spec", "clusterIP"), "10.0.0.2"),
        (1, ("spec", "ports"), [{"port": 5432, "nodePort": 30433}]),
        (2, ("metadata", "uid"), "d"),
    ],
)
def test_what_is_replaced_is_another(index, keys, value):
    objects = [pod(**USES), SERVICE, claim("data")]
    changed = copy.deepcopy(objects)
    first, last = keys
    changed[index][first][last] = value
    before, after = covered(objects, objects[2:]), covered(changed, changed[2:])
    assert before != after


def test_what_is_only_annotated_or_reported_is_the_same():
    objects = [pod(**USES), SERVICE]
    changed = copy.deepcopy(objects)
    changed[0]["metadata"]["annotations"] = {"a": "b"}
    changed[0]["status"]["conditions"] = [{"type": "Ready"}]
    assert covered(objects) == covered(changed)


def test_pods_that_ended_do_not_count():
    done = pod(**USES)
    done["status"]["phase"] = "Succeeded"
    assert covered([done], [claim("data")]).objects == {}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({"volumes": [{"secret": {"secretName": "a"}}]}, {"a"}),
        ({"volumes": [{"secret": {"secretName": "a", "optional": True}}]}, set()),
        ({"volumes": [{"projected": {"sources": [{"secret": {"name": "a"}}]}}]}, {"a"}),
        ({"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "a"}}}]}]}, {"a"}),
        ({"initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]}, {"a"}),
        ({"containers": [{"env": [{"name": "X", "value": "y"}], "envFrom": None}]}, set()),
        ({"volumes": [{"emptyDir": {}}, {"configMap": {"name": "c"}}]}, set()),
    ],
)
def test_the_secrets_without_which_a_pod_would_not_start(spec, names):
    assert covered([pod(**spec)]).secrets == names
