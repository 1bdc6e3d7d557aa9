"""Old events, ended containers and replaced pods are no causes, though they still exist."""

import pytest

from learnflow_infra.readiness.causes import explain
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.owned import Evaluator
from learnflow_infra.readiness.status import evaluate

NOT_READY = {"type": "Ready", "status": "False"}
SANDBOX_READY = {"type": "PodReadyToStartContainers", "status": "True"}
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
    status = {"phase": "Running", "conditions": [NOT_READY], "containerStatuses": [item], **status}
    spec = {"containers": [{"name": "c", "image": "docker.io/x:1"}], "nodeName": "n1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def event(reason, message, at="10:00:00", kind="Pod", name="a"):
    involved = {"kind": kind, "name": name, "uid": name, "fieldPath": "spec.containers{c}"}
    time = f"2026-11-23T{at}Z"
    return {"reason": reason, "message": message, "lastTimestamp": time, "involvedObject": involved}


def codes(objects, *events):
    states = tuple(evaluate(objects))
    return [c.code for c in explain(Evidence(namespace="n", states=states, events=events))]


def test_a_volume_that_was_attached_since_is_no_cause():
    attach = event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"')
    assert codes([pod(CRASHED)], attach) == ["ContainerCrashed"]


@pytest.mark.parametrize(
    "message",
    [
        'configmap "kube-root-ca.crt" not found',
        "failed to sync configmap cache: timed out waiting for the condition",
    ],
)
def test_a_volume_that_was_mounted_since_is_no_cause(message):
    creating = pod(CREATING, phase="Pending", conditions=[NOT_READY, SANDBOX_READY])
    assert codes([creating], event("FailedMount", CONFIG + message)) == ["NotReady"]


@pytest.mark.parametrize(("kind", "code"), [("config", "ConfigMap"), ("secret", "Secret")])
def test_a_missing_key_of_a_volume_is_a_cause(kind, code):
    failed = event("FailedMount", f"{CONFIG}references non-existent {kind} key: app.conf")
    assert codes([pod(CREATING, phase="Pending")], failed) == [f"Missing{code}"]


def test_a_crash_after_a_failed_probe_is_a_crash():
    probe = event("Unhealthy", "Startup probe failed: connection refused")
    assert codes([pod(CRASHED)], probe) == ["ContainerCrashed"]
    killed = event("Killing", "Container c failed startup probe, will be restarted")
    assert codes([pod(CRASHED)], probe, killed) == ["ProbeFailing"]


def test_an_old_end_by_memory_is_no_cause():
    item = {
        "restartCount": 1,
        "containerID": "x",
        "state": {"running": {"startedAt": "2026-11-16T10:00:00Z"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    }
    probe = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert codes([pod(item)], probe) == ["ProbeFailing"]


def test_an_end_by_a_restart_of_the_node_is_no_cause():
    item = {
        "restartCount": 1,
        "containerID": "x",
        "state": {"running": {"startedAt": "2026-11-23T10:00:00Z"}},
        "lastState": {"terminated": {"exitCode": 255, "reason": "Unknown"}},
    }
    assert codes([pod(item)]) == ["NotReady"]


def test_an_evicted_pod_that_was_replaced_is_no_cause():
    owner = {"kind": "ReplicaSet", "name": "w", "uid": "w"}
    owner_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "w", "uid": "w"},
    }
    owner_set |= {"spec": {"replicas": 1}, "status": {"replicas": 1}}
    old = pod({}, "old", owner, phase="Failed", reason="Evicted", containerStatuses=[])
    new = pod({"containerID": "y", "state": {"running": {}}}, "new", owner)
    new["metadata"]["creationTimestamp"] = "2026-11-23T10:00:00Z"
    assert "PodEvicted" not in codes([owner_set, old, new])
    assert "PodEvicted" in codes([owner_set, old])


def test_a_refusal_before_a_successful_creation_is_no_cause():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "uid": "j"}}
    job |= {"spec": {}, "status": {"active": 1, "startTime": "2026-11-23T10:00:00Z"}}
    message = (
        'pods "j-" is forbidden: error looking up service account n/j: serviceaccount "j" not found'
    )
    refused = event("FailedCreate", f"Error creating: {message}", kind="Job", name="j")
    created = event("SuccessfulCreate", "Created pod: j-1", "10:00:10", kind="Job", name="j")
    assert codes([job], refused) == ["MissingServiceAccount"]
    assert codes([job], refused, created) == ["NotReady"]


def test_jobs_of_a_cron_job_belong_to_no_release():
    labels = {"app.kubernetes.io/instance": "r"}
    metadata = {"name": "backup", "uid": "cron", "labels": labels}
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {},
        "status": {},
    }
    owner = [{"kind": "CronJob", "name": "backup", "uid": "cron"}]
    run = {"name": "backup-1", "uid": "run", "labels": labels, "ownerReferences": owner}
    failed = {"conditions": [{"type": "Failed", "status": "True"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": run, "spec": {}, "status": failed}
    its_pod = pod(CRASHED, "p", {"kind": "Job", "name": "backup-1", "uid": "run"})
    its_pod["metadata"]["labels"] = labels
    snapshot = Evaluator("r", Expected(names=("CronJob/backup",))).evaluate([cron, job, its_pod])
    assert [obj["metadata"]["name"] for obj in snapshot.objects] == ["backup"]
    assert snapshot.ready
