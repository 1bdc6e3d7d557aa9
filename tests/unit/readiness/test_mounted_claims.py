"""Claims that a release's pods mount, and that it does not own, count once their data go."""

from types import SimpleNamespace

import pytest
from imitated_watches import World

from learnflow_infra.engine.release.wait import StuckPodReplacer
from learnflow_infra.events import ignore
from learnflow_infra.readiness.causes import Code, explain
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.expected import Expected, expected
from learnflow_infra.readiness.owned import INSTANCE, Evaluator, Snapshot
from learnflow_infra.readiness.status import evaluate
from learnflow_infra.readiness.watched import COLLECTIONS, SURROUNDINGS

DELETED = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
LIVE = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
}


def pod(phase="Running", **metadata):
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "theirs"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "p", "labels": {INSTANCE: "r"}, **metadata},
        "spec": {"volumes": [volume]},
        "status": {**LIVE, "phase": phase},
    }


def claim(phase="Bound", name="theirs", **metadata):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "uid": name, **metadata},
        "spec": {"volumeName": "v"},
        "status": {"phase": phase},
    }


def snapshot(*objects):
    return Evaluator("r", Expected()).evaluate(objects)


@pytest.mark.parametrize("lost", [claim(**DELETED), claim("Lost")], ids=["deleted", "lost"])
def test_a_foreign_claim_whose_data_go_is_not_ready(lost):
    found = snapshot(pod(), lost)
    assert not found.ready
    assert [name for name, _ in found.unready()] == ["PersistentVolumeClaim/theirs"]


@pytest.mark.parametrize(
    "objects",
    [
        (pod(), claim()),
        (pod(), claim(**DELETED, name="another")),
        (pod(), claim(**DELETED, namespace="elsewhere")),
        (pod("Succeeded"), claim(**DELETED)),
    ],
    ids=["bound", "not mounted", "elsewhere", "the pod ended"],
)
def test_other_claims_do_not_count(objects):
    assert snapshot(*objects).ready


def test_the_cause_names_the_claim_and_how_to_save_the_data():
    states = evaluate([pod(), claim(**DELETED)])
    (cause,) = explain(Evidence(namespace="n", states=states))
    assert (cause.code, cause.object) == (Code.ClaimBeingDeleted, "PersistentVolumeClaim/theirs")
    assert "its data go as soon as Pod/p ends" in cause.message
    assert str(cause.remedy).startswith("Save its data first")
    assert "kubectl -n n delete Pod/p" in str(cause.remedy)


def test_a_claim_that_goes_with_its_last_pod_has_no_such_cause():
    states = evaluate([pod(**DELETED), claim(**DELETED)])
    codes = {cause.code for cause in explain(Evidence(namespace="n", states=states))}
    assert Code.ClaimBeingDeleted not in codes


def test_a_stuck_pod_whose_claim_is_being_deleted_stays(monkeypatch):
    stuck, lost = pod(), claim(**DELETED)
    monkeypatch.setattr("learnflow_infra.engine.release.wait.stuck_pods", lambda *_: [stuck])
    deleted = []
    kube = SimpleNamespace(delete=lambda _, uid: deleted.append(uid))
    session = SimpleNamespace(kube=kube, emit=ignore, namespace="n")
    for claims in ([lost], [claim()]):
        states = tuple(evaluate([stuck, *claims]))
        StuckPodReplacer(session).replace(Snapshot(states=states))
    assert deleted == ["p"]


def storage_class(mode):
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "local", "uid": "local"},
        "volumeBindingMode": mode,
    }


@pytest.mark.parametrize(
    ("mode", "objects", "ready"),
    [
        ("WaitForFirstConsumer", (), True),
        ("WaitForFirstConsumer", (pod(),), False),
        ("WaitForFirstConsumer", (pod("Succeeded"),), True),
        ("Immediate", (), False),
    ],
    ids=["of a CronJob", "of a pod", "of a pod that ended", "of a class that does not wait"],
)
def test_a_claim_that_waits_for_a_pod_does_not_count_while_there_is_none(mode, objects, ready):
    pending = claim("Pending", labels={INSTANCE: "r"})
    pending["spec"] = {"storageClassName": "local"}
    found = Evaluator("r", Expected()).evaluate([pending, *objects], [storage_class(mode)])
    assert found.ready is ready
    assert Evaluator("r", Expected()).evaluate([pending]).ready is False  # its class is not known


def test_the_watches_tell_the_class_of_a_claim():
    world = World()
    pending = claim("Pending")
    pending["spec"] = {"storageClassName": "local"}
    world.view.follow(expected([pending]))
    world.put(COLLECTIONS["PersistentVolumeClaim"].format("n"), pending)
    assert not world.view.snapshot().ready
    world.put(SURROUNDINGS["storageclasses"], storage_class("WaitForFirstConsumer"))
    assert world.view.snapshot().ready
