"""Whether nodes can hold what manifests request."""

import pytest

from learnflow_infra.engine.gate import nodes
from learnflow_infra.engine.gate.capacity import capacity
from learnflow_infra.engine.gate.requests import Workload

KAFKA = {"app": "kafka"}


def node(name="n", cpu="2", memory="4Gi", **fields):
    conditions = {"Ready": "True", "DiskPressure": "False", **fields.pop("conditions", {})}
    allocatable = {"cpu": cpu, "memory": memory, "pods": "110", **fields.pop("more", {})}
    status = [{"type": key, "status": value} for key, value in conditions.items()]
    return {
        "metadata": {"name": name, "labels": fields.pop("labels", {})},
        "spec": fields,
        "status": {"conditions": status, "allocatable": allocatable},
    }


def running(cpu, on="n", phase="Running"):
    containers = [{"resources": {"requests": {"cpu": cpu}}}]
    return {"spec": {"nodeName": on, "containers": containers}, "status": {"phase": phase}}


def pods(count=1, *, cpu="1", everywhere=False, hook=False, owner="StatefulSet/w", **spec):
    requests = {"cpu": cpu, **spec.pop("more", {})}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    return Workload(
        release="kafka",
        owner=owner,
        count=count,
        pod={"containers": containers, **spec},
        labels=KAFKA,
        everywhere=everywhere,
        hook=hook,
    )


def apart(hostname="kubernetes.io/hostname", **labels):
    term = {"topologyKey": hostname, "labelSelector": {"matchLabels": labels or KAFKA}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def near(key, operator, *values):
    expressions = [{"key": key, "operator": operator, "values": list(values)}]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
DEDICATED = node(taints=[TAINT])
ZONED = node(labels={"zone": "a", "size": "3"})
TWO = [node("a"), node("b")]


@pytest.mark.parametrize(
    ("objects", "others", "workloads", "passes"),
    [
        ([node()], [], [pods(2)], True),
        ([node()], [], [pods(3)], False),
        ([node()], [running("1500m")], [pods()], False),
        ([node()], [running("1500m", phase="Succeeded")], [pods()], True),
        ([node()], [running("1500m", on="other")], [pods()], True),
        ([node()], [], [pods(cpu="64")], False),
        ([node()], [], [pods(cpu="500m"), pods(cpu="1600m")], False),
        ([node(more={"pods": "1"})], [], [pods(2, cpu="1m")], False),
        ([node()], [], [pods(more={"nvidia.com/gpu": "1"})], False),
        ([node(more={"nvidia.com/gpu": "1"})], [], [pods(more={"nvidia.com/gpu": "1"})], True),
        (TWO, [], [pods(3, cpu="1100m")], False),  # enough in all, but on no two nodes
        (TWO, [], [pods(1, cpu="1100m"), pods(2, cpu="900m")], True),
        (TWO, [], [pods(2, affinity=apart())], True),
        (TWO, [], [pods(3, cpu="1m", affinity=apart())], False),
        (TWO, [], [pods(3, cpu="1m", affinity=apart(app="other"))], True),
        (TWO, [], [pods(3, cpu="1m", affinity=apart("zone"))], True),
        ([DEDICATED], [], [pods()], False),
        ([DEDICATED], [], [pods(tolerations=[{"operator": "Exists"}])], True),
        ([DEDICATED], [], [pods(tolerations=[{"key": "dedicated", "value": "db"}])], True),
        ([DEDICATED], [], [pods(tolerations=[{"key": "dedicated", "value": "x"}])], False),
        ([ZONED], [], [pods(nodeSelector={"zone": "a"})], True),
        ([ZONED], [], [pods(nodeSelector={"zone": "b"})], False),
        ([ZONED], [], [pods(affinity=near("zone", "In", "a", "b"))], True),
        ([ZONED], [], [pods(affinity=near("zone", "NotIn", "a"))], False),
        ([ZONED], [], [pods(affinity=near("size", "Gt", "2"))], True),
        ([ZONED], [], [pods(affinity=near("disk", "Exists"))], False),
        ([node(unschedulable=True)], [], [pods()], False),
        ([node(conditions={"Ready": "False"})], [], [pods()], False),
        ([node(conditions={"DiskPressure": "True"})], [], [pods()], False),
        ([*TWO, DEDICATED], [], [pods(everywhere=True, cpu="2")], True),
        (TWO, [], [pods(everywhere=True), pods(2)], True),
        (TWO, [], [pods(everywhere=True), pods(3)], False),
        ([node()], [], [pods(2), pods(hook=True)], True),  # a hook runs before or after
        ([node()], [], [pods(hook=True, cpu="3")], False),
        ([node()], [], [pods(0, cpu="64")], True),
        ([node()], [running("2")], [pods(priorityClassName="high")], True),  # displaces the other
        ([node()], [], [pods(cpu="64", priorityClassName="high")], False),
    ],
)
def test_capacity(objects, others, workloads, passes):
    checks = capacity(nodes.usable(objects, others), workloads)
    assert all(check.passed for check in checks) is passes
    assert all(check.remedy for check in checks if not check.passed)


def test_too_many_arrangements_are_let_through():
    many = [node(f"n{number}", cpu=str(10 + number)) for number in range(12)]
    odd = [pods(cpu=f"{4 + number / 100}") for number in range(40)]
    assert all(check.passed for check in capacity(nodes.usable(many, []), odd))


def test_each_node_and_the_key_of_the_request_are_named():
    values = {"kafka": {"resources": {"requests": {"cpu": 64}, "limits": {"cpu": 64}}}}
    objects = [node("a"), node("b", taints=[TAINT])]
    _, check = capacity(nodes.usable(objects, []), [pods(cpu="64")], values)
    assert "StatefulSet/w requests cpu 64" in check.message
    assert "a has cpu 2 free; b has the taint dedicated:NoSchedule" in check.message
    assert "--set kafka.resources.requests.cpu=" in str(check.remedy)
    assert "limits" not in str(check.remedy)
