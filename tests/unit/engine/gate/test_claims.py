"""Which claims need a storage class, and whether there is one."""

import pytest

from learnflow_infra.engine.gate.claims import DEFAULT, claims, disk, storage_classes

GIB = 2**30


def claim(name="data", size="2Gi", **spec):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"resources": {"requests": {"storage": size}}, **spec},
    }


def stateful(*templates, replicas=1, volumes=()):
    pod = {"containers": [], "volumes": list(volumes)}
    spec = {"replicas": replicas, "volumeClaimTemplates": templates, "template": {"spec": pod}}
    metadata = {"name": "postgres"}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}


def pool(**volume):
    storage = {"type": "jbod", "volumes": [{"id": 0, "type": "persistent-claim", **volume}]}
    labels = {"strimzi.io/cluster": "kafka"}
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaNodePool",
        "metadata": {"name": "broker", "labels": labels},
        "spec": {"replicas": 1, "storage": storage},
    }


def storage_class(name, default="false"):
    return {"metadata": {"name": name, "annotations": {DEFAULT: default}}}


PLAIN, DEFAULTED = storage_class("local"), storage_class("fast", "true")
EPHEMERAL = {"name": "tmp", "ephemeral": {"volumeClaimTemplate": claim()}}
STATIC = {"spec": {"storageClassName": "static"}}
WITHOUT = {"spec": {}}


@pytest.mark.parametrize(
    ("obj", "classes", "volumes", "passes"),
    [
        (stateful(claim()), [PLAIN], [], False),
        (stateful(claim()), [PLAIN, DEFAULTED], [], True),
        (stateful(claim(storageClassName="local")), [PLAIN], [], True),
        (stateful(claim(storageClassName="")), [], [], True),  # a volume without a class
        (stateful(), [], [], True),  # persistence is off
        (stateful(claim(), replicas=0), [], [], True),
        (stateful(claim(volumeName="mine")), [], [], True),
        (stateful(claim()), [], [WITHOUT], True),
        (stateful(claim(storageClassName="nosuch")), [PLAIN, DEFAULTED], [], False),
        (stateful(claim(storageClassName="static")), [PLAIN], [STATIC], True),
        (stateful(volumes=[EPHEMERAL]), [PLAIN], [], False),
        (claim(), [PLAIN], [], False),
        (claim(storageClassName="local"), [PLAIN], [], True),
        (pool(size="1Gi"), [PLAIN], [], False),
        (pool(size="1Gi", **{"class": "local"}), [PLAIN], [], True),
        (pool(type="ephemeral"), [PLAIN], [], True),
    ],
)
def test_storage_classes(obj, classes, volumes, passes):
    new = [item for item in claims("r", [obj]) if item.new([])]
    checks = storage_classes(classes, new, volumes)
    assert all(check.passed for check in checks) is passes
    assert all("local" in check.remedy or not classes for check in checks if not check.passed)


@pytest.mark.parametrize(
    ("obj", "existing", "new"),
    [
        (stateful(claim(), replicas=3), ["data-postgres-0", "data-postgres-1"], 1),
        (stateful(claim(), replicas=1), ["data-postgres-0", "data-postgres-1"], 0),
        (stateful(claim(), replicas=1), ["data-postgres-x", "other"], 1),
        (claim("mine"), ["mine"], 0),
        (claim("mine"), ["mine-0"], 1),
        (pool(size="1Gi"), ["data-0-kafka-broker-7"], 0),
    ],
)
def test_claims_that_exist_need_nothing(obj, existing, new):
    (found,) = claims("r", [obj])
    assert found.new(existing) == new


def test_only_new_claims_take_space():
    found = list(claims("r", [stateful(claim(size="2Gi"), replicas=3)]))
    assert disk(found, ["data-postgres-0"], 4 * GIB).passed
    check = disk(found, [], 4 * GIB)
    assert not check.passed
    assert check.message == "4096 MiB free, 6144 needed"
