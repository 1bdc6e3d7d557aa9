"""What manifests demand, in the scheduler's terms."""

import pytest

from learnflow_infra.engine.gate.demand import demand
from learnflow_infra.engine.gate.requests import requested


def container(cpu=None, memory=None, **fields):
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    return {"name": "c", "resources": {"requests": requests}, **fields}


def workload(kind, *containers, labels=None, **spec):
    selector = {"matchLabels": labels} if labels else {}
    template = {"metadata": {"labels": labels or {}}, "spec": {"containers": list(containers)}}
    body = {"selector": selector, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "w"}, "spec": body}


def cpu(**pod):
    return requested(pod).get("cpu", 0)


SIDECAR = container("200m", restartPolicy="Always")


@pytest.mark.parametrize(
    ("pod", "cores"),
    [
        ({"containers": [container("1"), container("500m")]}, 1.5),
        ({"containers": [container()]}, 0),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}]}, 2),
        ({"containers": [container("1")], "initContainers": [container("3")]}, 3),
        ({"containers": [container("1")], "initContainers": [container("500m")] * 3}, 1),
        ({"containers": [container("1")], "initContainers": [SIDECAR]}, 1.2),
        ({"containers": [container("1")], "initContainers": [SIDECAR, container("2")]}, 2.2),
        ({"containers": [container("1")], "initContainers": [container("2"), SIDECAR]}, 2),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, 1.25),
        ({"containers": [container("1")], "resources": {"requests": {"cpu": "4"}}}, 4),
    ],
)
def test_requests_of_a_pod(pod, cores):
    assert requested(pod).get("cpu", 0) == pytest.approx(cores)


HOOK = {"annotations": {"helm.sh/hook": "test"}}


@pytest.mark.parametrize(
    ("obj", "cores"),
    [
        (workload("StatefulSet", container("1"), replicas=3), 3),
        (workload("Deployment", container("1")), 1),
        (workload("Deployment", container("1"), replicas=0), 0),
        (workload("Job", container("1"), parallelism=4, completions=2), 2),
        (workload("Job", container("1"), suspend=True), 0),
        ({**workload("CronJob"), "spec": {"jobTemplate": {"spec": {}}}}, 0),
        ({**workload("Job", container("1")), "metadata": {"name": "t", **HOOK}}, 0),
    ],
)
def test_replicas_of_a_workload(obj, cores):
    assert demand({"r": [obj]}).cpu == cores


def strimzi(kind, **spec):
    labels = {"strimzi.io/cluster": "kafka"}
    metadata = {"name": "broker", "labels": labels}
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


REQUESTS = {"requests": {"cpu": "1", "memory": "1Gi"}}
VOLUME = {"id": 0, "type": "persistent-claim", "size": "2Gi"}


def test_pods_and_volumes_that_an_operator_makes_count():
    pool = strimzi(
        "KafkaNodePool",
        replicas=3,
        resources=REQUESTS,
        storage={"type": "jbod", "volumes": [VOLUME, {"id": 1, "type": "ephemeral"}]},
    )
    operators = {"topicOperator": {"resources": REQUESTS}, "userOperator": {"resources": REQUESTS}}
    kafka = strimzi("Kafka", kafka={}, entityOperator=operators, kafkaExporter={})
    found = demand({"kafka": [pool, kafka]})
    assert (found.cpu, found.memory, found.storage) == (5, 5 * 2**30, 6 * 2**30)
    (claim,) = found.claims
    assert claim.name == "data-0-kafka-broker-"
    assert claim.new(["data-0-kafka-broker-0", "data-0-kafka-broker-12"]) == 1


def pod(release="", namespace="n", **labels):
    own = {"app.kubernetes.io/instance": release} if release else {}
    return {"metadata": {"name": "p", "namespace": namespace, "labels": {**own, **labels}}}


def test_the_pods_of_a_workload_give_their_place_to_their_successors():
    found = demand({"r": [workload("Deployment", container("1"), labels={"app": "x"})]})
    assert found.owns(pod("r"), "n")
    assert found.owns(pod(app="x", tier="y"), "n")
    for other in (pod("r", "m"), pod("s"), pod(), pod(tier="y")):
        assert not found.owns(other, "n")
