from dataclasses import dataclass, field

from learnflow_infra.clients.kube import ApiError
from learnflow_infra.readiness.causes import explain
from learnflow_infra.readiness.tracker import COLLECTIONS, Snapshot, expected, look


def job(*conditions):
    status = {"conditions": [{"type": name, "status": "True"} for name in conditions]}
    return {"kind": "Job", "metadata": {"name": "topics"}, "status": status}


def pod(phase, *, owned=True):
    owners = [{"kind": "Job", "uid": "j"}] if owned else []
    return {
        "kind": "Pod",
        "metadata": {"name": "p", "ownerReferences": owners},
        "status": {"phase": phase},
    }


def snapshot(*objects, missing=()):
    return Snapshot(objects=objects, missing=missing)


def test_a_failed_attempt_of_a_job_that_completed_does_not_count():
    assert snapshot(job("Complete"), pod("Failed"), pod("Succeeded")).ready


def test_a_failed_pod_without_an_owner_counts():
    assert not snapshot(pod("Failed", owned=False)).ready


def test_a_job_that_gave_up_ends_the_wait():
    assert snapshot(job("Failed"), pod("Failed")).failed
    assert not snapshot(job(), pod("Failed")).failed


def test_what_is_missing_is_not_ready():
    assert not snapshot(missing=("StatefulSet/db",)).ready


def test_the_summary_names_what_is_waited_for():
    text = snapshot(job(), pod("Succeeded"), missing=("StatefulSet/db",)).summary()
    assert text == "1/3 ready, StatefulSet/db: does not exist yet"


POOL = {
    "apiVersion": "kafka.strimzi.io/v1",
    "kind": "KafkaNodePool",
    "metadata": {"name": "broker", "labels": {"strimzi.io/cluster": "kafka"}},
    "spec": {
        "replicas": 1,
        "template": {"podSet": {"metadata": {"annotations": {"learnflow.infra/pool": "new"}}}},
    },
    "status": {"nodeIds": [0]},
}


def pod_set(mark, **more):
    return {
        "apiVersion": "core.strimzi.io/v1",
        "kind": "StrimziPodSet",
        "metadata": {
            "name": "kafka-broker",
            "annotations": {"learnflow.infra/pool": mark, "else": "x"},
        },
        "spec": {"pods": [{}]},
        "status": {"observedGeneration": 1, "pods": 1, "currentPods": 1, "readyPods": 1} | more,
    }


def test_custom_resources_are_expected_and_what_operators_make_of_them():
    wanted = expected(
        [
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}},
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "db"}},
            POOL,
        ]
    )
    assert wanted.names == (
        "StatefulSet/db",
        "KafkaNodePool/broker",
        "StrimziPodSet/kafka-broker",
    )
    assert wanted.custom == (
        ("kafka.strimzi.io/v1", "KafkaNodePool"),
        ("core.strimzi.io/v1", "StrimziPodSet"),
    )


def test_a_set_of_pods_has_to_carry_what_its_pool_asks():
    assert snapshot(POOL, pod_set("new")).ready
    late = snapshot(POOL, pod_set("old"))
    assert not late.ready
    assert "StrimziPodSet/kafka-broker: its operator has not carried" in late.summary()
    bare = pod_set("new")
    bare["metadata"]["annotations"] = None  # as some render or write them
    assert not snapshot(POOL, bare).ready
    (cause,) = explain(late.objects, [])
    assert cause.object == "StrimziPodSet/kafka-broker"


def test_what_an_operator_refuses_is_told_from_what_failed():
    topic = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "t"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NotSupported"}]},
    }
    assert snapshot(topic).refused
    assert not snapshot(topic).failed
    assert not snapshot(job("Failed")).refused


@dataclass
class Answers:
    """Stands for a cluster: what it has at each path."""

    lists: dict
    asked: list = field(default_factory=list)

    def items(self, path, **_query):
        self.asked.append(path)
        return self.lists.get(path, [])

    def find(self, path):
        self.asked.append(path)
        return self.lists.get(path)

    def request(self, _method, path):
        self.asked.append(path)
        if path not in self.lists:
            raise ApiError(404, "no such thing")
        return self.lists[path]

    __hash__ = object.__hash__


def test_a_cluster_without_the_definitions_is_asked_for_nothing_else():
    kube = Answers({})
    seen = look(kube, "n", "kafka", expected([POOL]))
    assert seen.missing == ("KafkaNodePool/broker", "StrimziPodSet/kafka-broker")
    apis = ["/apis/core.strimzi.io/v1", "/apis/kafka.strimzi.io/v1"]
    assert kube.asked[: -len(COLLECTIONS)] == apis


def test_custom_resources_are_found_and_their_api_is_asked_for_once():
    served = {"resources": [{"kind": "KafkaNodePool", "name": "kafkanodepools"}]}
    other = POOL | {"metadata": {"name": "not-ours"}}
    kube = Answers(
        {
            "/apis/kafka.strimzi.io/v1": served,
            "/apis/kafka.strimzi.io/v1/namespaces/n/kafkanodepools": [other, POOL],
        }
    )
    for _ in range(2):
        seen = look(kube, "n", "kafka", expected([POOL]))
        assert seen.objects == (POOL,)
    assert kube.asked.count("/apis/kafka.strimzi.io/v1") == 1


def test_only_collections_of_kubernetes_are_asked_where_nothing_custom_is_expected():
    kube = Answers({})
    look(kube, "n", "db", expected([]))
    assert len(kube.asked) == len(COLLECTIONS)


def test_a_workload_without_the_label_is_found_by_its_name():
    path = "/apis/apps/v1/namespaces/n/deployments/operator"
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "operator"}}
    seen = look(Answers({path: deployment}), "n", "op", expected([deployment]))
    assert seen.objects == (deployment,)
    assert not seen.missing
