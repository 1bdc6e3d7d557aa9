"""What was so before is no cause now: events, ends and pods that stay long after they counted."""

import pytest

from learnflow_infra.readiness.causes import explain
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.owned import Evaluator, Expected
from learnflow_infra.readiness.status import evaluate

WAITS = {"type": "Ready", "status": "False"}
BEGUN = {"type": "PodReadyToStartContainers", "status": "True"}
ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
CRASHED = {
    "restartCount": 4,
    "containerID": "containerd://1",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s"}},
    "lastState": ENDED,
}
CREATING = {"state": {"waiting": {"reason": "ContainerCreating"}}}
CONFIG = 'MountVolume.SetUp failed for volume "cfg" : '


def pod(item, name="a", owner=None, **status):
    metadata = {"name": name, "uid": name, "ownerReferences": [owner] if owner else []}
    item = {"name": "c", "ready": False, "restartCount": 0, **item}
    status = {"phase": "Running", "conditions": [WAITS], "containerStatuses": [item], **status}
    spec = {"containers": [{"name": "c", "image": "docker.io/x:1"}], "nodeName": "n1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def event(reason, message, at="10:00:00", kind="Pod", name="a"):
    where = {"kind": kind, "name": name, "uid": name, "fieldPath": "spec.containers{c}"}
    time = f"2026-11-23T{at}Z"
    return {"reason": reason, "message": message, "lastTimestamp": time, "involvedObject": where}


def codes(objects, *events):
    states = tuple(evaluate(objects))
    return [c.code for c in explain(Evidence(namespace="n", states=states, events=events))]


def test_a_volume_that_was_attached_since():
    attach = event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"')
    assert codes([pod(CRASHED)], attach) == ["ContainerCrashed"]


@pytest.mark.parametrize(
    "said",
    [
        'configmap "kube-root-ca.crt" not found',
        "failed to sync configmap cache: timed out waiting for the condition",
    ],
)
def test_a_volume_that_was_mounted_since(said):
    creating = pod(CREATING, phase="Pending", conditions=[WAITS, BEGUN])
    assert codes([creating], event("FailedMount", CONFIG + said)) == ["NotReady"]


@pytest.mark.parametrize(("kind", "code"), [("config", "ConfigMap"), ("secret", "Secret")])
def test_a_key_that_a_volume_wants(kind, code):
    said = event("FailedMount", f"{CONFIG}references non-existent {kind} key: app.conf")
    assert codes([pod(CREATING, phase="Pending")], said) == [f"Missing{code}"]


def test_a_container_that_ended_by_itself_though_its_probe_had_failed():
    probe = event("Unhealthy", "Startup probe failed: connection refused")
    assert codes([pod(CRASHED)], probe) == ["ContainerCrashed"]
    killed = event("Killing", "Container c failed startup probe, will be restarted")
    assert codes([pod(CRASHED)], probe, killed) == ["ProbeFailing"]


def test_a_container_that_runs_for_long_since_it_was_out_of_memory():
    item = {
        "restartCount": 1,
        "containerID": "x",
        "state": {"running": {"startedAt": "2026-11-16T10:00:00Z"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    }
    probe = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert codes([pod(item)], probe) == ["ProbeFailing"]


def test_a_container_whose_node_was_started_again():
    item = {
        "restartCount": 1,
        "containerID": "x",
        "state": {"running": {"startedAt": "2026-11-23T10:00:00Z"}},
        "lastState": {"terminated": {"exitCode": 255, "reason": "Unknown"}},
    }
    assert codes([pod(item)]) == ["NotReady"]


def test_a_pod_that_was_evicted_and_replaced():
    owner = {"kind": "ReplicaSet", "name": "w", "uid": "w"}
    maker = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "w", "uid": "w"}}
    maker |= {"spec": {"replicas": 1}, "status": {"replicas": 1}}
    old = pod({}, "old", owner, phase="Failed", reason="Evicted", containerStatuses=[])
    new = pod({"containerID": "y", "state": {"running": {}}}, "new", owner)
    new["metadata"]["creationTimestamp"] = "2026-11-23T10:00:00Z"
    assert "PodEvicted" not in codes([maker, old, new])
    assert "PodEvicted" in codes([maker, old])


def test_a_job_whose_pod_could_be_made_since():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "uid": "j"}}
    job |= {"spec": {}, "status": {"active": 1, "startTime": "2026-11-23T10:00:00Z"}}
    said = (
        'pods "j-" is forbidden: error looking up service account n/j: serviceaccount "j" not found'
    )
    refused = event("FailedCreate", f"Error creating: {said}", kind="Job", name="j")
    made = event("SuccessfulCreate", "Created pod: j-1", "10:00:10", kind="Job", name="j")
    assert codes([job], refused) == ["MissingServiceAccount"]
    assert codes([job], refused, made) == ["NotReady"]


def test_the_runs_of_a_cron_job_are_of_no_release():
    labels = {"app.kubernetes.io/instance": "r"}
    made = {"name": "backup", "uid": "cron", "labels": labels}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": made, "spec": {}, "status": {}}
    owner = [{"kind": "CronJob", "name": "backup", "uid": "cron"}]
    run = {"name": "backup-1", "uid": "run", "labels": labels, "ownerReferences": owner}
    failed = {"conditions": [{"type": "Failed", "status": "True"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": run, "spec": {}, "status": failed}
    its_pod = pod(CRASHED, "p", {"kind": "Job", "name": "backup-1", "uid": "run"})
    its_pod["metadata"]["labels"] = labels
    snapshot = Evaluator("r", Expected(names=("CronJob/backup",))).evaluate([cron, job, its_pod])
    assert [obj["metadata"]["name"] for obj in snapshot.objects] == ["backup"]
    assert snapshot.ready
