"""The objects of a release, and whether they are ready."""

from itertools import count

from learnflow_infra.readiness.expected import Expected, expected
from learnflow_infra.readiness.owned import INSTANCE, SILENCE, Evaluator, members
from learnflow_infra.timestamps import seconds_of

UIDS = count()


def thing(kind, name, *, owner=None, label=None, version="v1", **more):
    metadata = {"name": name, "uid": f"u{next(UIDS)}"}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner["kind"], "uid": owner["metadata"]["uid"]}]
    if label:
        metadata["labels"] = {INSTANCE: label}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def job(*conditions, name="topics"):
    status = {"conditions": [{"type": kind, "status": "True"} for kind in conditions]}
    return thing("Job", name, label="r", status=status)


def pod(phase, owner=None, **more):
    return thing("Pod", "p", owner=owner, label="r", status={"phase": phase}, **more)


def snapshot(*objects, names=()):
    return Evaluator("r", Expected(names=names)).evaluate(objects)


def test_a_failed_attempt_of_a_job_that_completed_does_not_count():
    done = job("Complete")
    assert snapshot(done, pod("Failed", done), pod("Succeeded", done)).ready


def test_a_failed_pod_without_an_owner_counts():
    assert not snapshot(pod("Failed")).ready


def test_a_missing_object_is_named_and_not_ready():
    state = snapshot(job(), pod("Succeeded"), names=("StatefulSet/db",))
    assert not state.ready
    assert state.summary() == "1/3 ready, StatefulSet/db: does not exist yet"
    assert state.statuses()[-1][0] == "StatefulSet/db"


def test_owned_objects_are_members_and_those_of_others_are_not():
    kafka = thing("Kafka", "k", version="kafka.strimzi.io/v1")
    pods = thing("StrimziPodSet", "k-b", owner=kafka, version="core.strimzi.io/v1")
    own = thing("Pod", "k-b-0", owner=pods)
    other = thing("Pod", "else", label="other")
    stranger = thing("Pod", "stranger", owner=thing("ReplicaSet", "x"))
    own_objects = members([other, own, stranger, pods, kafka], "r", ["Kafka/k"])
    assert [obj["metadata"]["name"] for obj in own_objects] == ["k-b-0", "k-b", "k"]


def test_a_workload_without_the_label_is_a_member_by_name():
    operator = thing("Deployment", "operator", version="apps/v1")
    assert members([operator], "r", ["Deployment/operator"]) == [operator]


def test_the_status_of_an_unchanged_object_is_cached():
    evaluator, first = Evaluator("r", Expected()), pod("Pending")
    (_, status), *_ = evaluator.evaluate([first]).states
    assert evaluator.evaluate([first]).states[0][1] is status
    later = {**first, "status": {"phase": "Succeeded"}}
    assert evaluator.evaluate([later]).ready
    assert evaluator.evaluate([dict(first)]).states[0][1] is not status


POOL = thing(
    "KafkaNodePool",
    "broker",
    version="kafka.strimzi.io/v1",
    spec={
        "replicas": 1,
        "template": {"podSet": {"metadata": {"annotations": {"learnflow.infra/pool": "new"}}}},
    },
    status={"nodeIds": [0]},
)
POOL["metadata"]["labels"] = {"strimzi.io/cluster": "kafka"}


def pod_set(mark):
    result = thing(
        "StrimziPodSet",
        "kafka-broker",
        version="core.strimzi.io/v1",
        spec={"pods": [{}]},
        status={"observedGeneration": 1, "pods": 1, "currentPods": 1, "readyPods": 1},
    )
    result["metadata"]["annotations"] = {"learnflow.infra/pool": mark, "else": "x"}
    return result


def test_expected_objects_of_a_manifest_and_of_operators():
    result = expected(
        [
            thing("ConfigMap", "c"),
            thing("Service", "s"),
            thing("StatefulSet", "db", version="apps/v1"),
            POOL,
        ]
    )
    pools = ("KafkaNodePool/broker", "StrimziPodSet/kafka-broker")
    assert result.names == ("Service/s", "StatefulSet/db", *pools)
    assert result.kinds[2:] == (
        ("kafka.strimzi.io/v1", "KafkaNodePool"),
        ("core.strimzi.io/v1", "StrimziPodSet"),
    )


def test_a_pod_set_needs_the_annotations_of_its_pool():
    names = ("KafkaNodePool/broker", "StrimziPodSet/kafka-broker")
    evaluator = Evaluator("kafka", Expected(names=names))
    assert evaluator.evaluate([POOL, pod_set("new")]).ready
    late = evaluator.evaluate([POOL, pod_set("old")])
    assert not late.ready
    assert "StrimziPodSet/kafka-broker: its operator has not updated it" in late.summary()
    bare = pod_set("new")
    bare["metadata"]["annotations"] = None  # a null, as some charts render it
    assert not evaluator.evaluate([POOL, bare]).ready


def silent_resource(created):
    db = thing("Db", "d", version="example.org/v1", spec={})
    db["metadata"]["creationTimestamp"] = created
    return db


def test_a_custom_resource_without_a_status_counts_after_a_while():
    db = silent_resource("2026-11-25T10:00:00Z")
    began = seconds_of("2026-11-25T10:00:00Z")
    times = iter([began + 1, began + SILENCE - 1, began + SILENCE + 1])
    evaluator = Evaluator("r", Expected(names=("Db/d",)), now=lambda: next(times))
    first, second, third = (evaluator.evaluate([db]) for _ in range(3))
    assert [s.ready for s in (first, second, third)] == [False, False, True]
    assert first.settling
    assert not third.settling


def test_a_custom_resource_that_cannot_be_dated_is_awaited():
    assert not Evaluator("r", Expected(names=("Db/d",))).evaluate([silent_resource("")]).ready


def test_a_resource_without_a_status_that_is_being_deleted_never_counts_as_ready():
    db = silent_resource("2026-11-25T10:00:00Z")
    db["metadata"] |= {"deletionTimestamp": "2026-11-25T10:00:01Z", "finalizers": ["x/hold"]}
    snapshot = Evaluator("r", Expected(names=("Db/d",))).evaluate([db])
    assert (snapshot.ready, snapshot.settling) == (False, False)
    assert snapshot.unready() == [("Db/d", "being deleted, waits for x/hold")]


def test_a_job_that_failed_before_it_was_removed_is_missed():
    evaluator = Evaluator("r", Expected(names=("Job/j",), fleeting=frozenset({"Job/j"})))
    assert evaluator.evaluate([]).ready
    evaluator.evaluate([job("Failed", name="j")])
    assert evaluator.evaluate([]).missing == ("Job/j",)


def test_the_manifest_tells_replicas_and_jobs_that_go():
    sts = thing("StatefulSet", "db", version="apps/v1", spec={"replicas": 2})
    left_out = thing("Deployment", "web", version="apps/v1", spec={})
    scaled = thing("Deployment", "api", version="apps/v1", spec={"replicas": 1})
    scaler = thing(
        "ScaledObject", "s", version="keda.sh/v1", spec={"scaleTargetRef": {"name": "api"}}
    )
    goes = thing("Job", "j", version="batch/v1", spec={"ttlSecondsAfterFinished": 0})
    told = expected([sts, left_out, scaled, scaler, goes])
    assert told.replicas == {"StatefulSet/db": 2}
    assert told.fleeting == {"Job/j"}
