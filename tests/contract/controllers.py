"""What a cluster's controllers and kubelet would do for one StatefulSet with one pod."""

import threading
from contextlib import suppress

from learnflow_infra.clients.api_errors import ApiError

RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
BROKEN = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting"}}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data-demo-0", "labels": {"app.kubernetes.io/instance": "demo"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


class Controllers:
    """Runs the pod `demo-0`; one of an old revision, and one that `fails`, does not start."""

    def __init__(self, kube, namespace):
        self._kube, self._stop = kube, threading.Event()
        self._sets = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        base = f"/api/v1/namespaces/{namespace}"
        self._accounts, self._claims = f"{base}/serviceaccounts", f"{base}/persistentvolumeclaims"
        self._pods = f"{base}/pods"
        self._thread = threading.Thread(target=self._run)
        self.fails = False

    def __enter__(self):
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        if not self._kube.find(f"{self._accounts}/default"):
            self._kube.create(self._accounts, account)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.1):
            with suppress(ApiError):  # an object that was deleted meanwhile
                self._reconcile()

    def _reconcile(self):
        for claim in self._kube.items(self._claims):
            self._bind(claim)
        sets = self._kube.items(self._sets)
        for pod in self._kube.items(self._pods):
            if not sets or "deletionTimestamp" in pod["metadata"]:
                path = f"{self._pods}/{pod['metadata']['name']}"
                self._kube.request("DELETE", path, body={"gracePeriodSeconds": 0})
        for each in sets:
            self._run_pod(each)

    def _bind(self, claim):
        path = f"{self._claims}/{claim['metadata']['name']}"
        if "deletionTimestamp" in claim["metadata"]:
            self._kube.merge(path, {"metadata": {"finalizers": None}})
        elif claim["status"].get("phase") != "Bound":
            self._kube.merge(f"{path}/status", {"status": {"phase": "Bound"}})

    def _run_pod(self, owner):
        newest = f"demo-{owner['metadata']['generation']}"
        if not self._kube.find(f"{self._claims}/data-demo-0"):
            self._kube.create(self._claims, CLAIM)
        path = f"{self._pods}/demo-0"
        pod = self._kube.find(path) or self._kube.create(self._pods, _pod(owner, newest))
        revision = pod["metadata"]["labels"]["controller-revision-hash"]
        runs = revision == newest and not self.fails
        self._kube.merge(f"{path}/status", {"status": _pod_status(runs)})
        self._kube.merge(
            f"{self._sets}/demo/status",
            {"status": _set_status(owner, revision, newest, int(runs))},
        )


def _pod(owner, revision):
    template = owner["spec"]["template"]
    reference = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    labels = {**template["metadata"]["labels"], "controller-revision-hash": revision}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-demo-0"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "demo-0", "labels": labels, "ownerReferences": [reference]},
        "spec": {**template["spec"], "nodeName": "deploy-test", "volumes": [volume]},
    }


def _pod_status(runs):
    container = {
        "name": "c",
        "image": "i",
        "imageID": "",
        "ready": runs,
        "started": runs,
        "restartCount": 0 if runs else 3,
        "state": RUNNING if runs else BROKEN,  # a merge patch replaces lists
    }
    conditions = [{"type": "Ready", "status": str(runs)}]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": [container]}


def _set_status(owner, current, newest, ready):
    return {
        "observedGeneration": owner["metadata"]["generation"],
        "replicas": 1,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": int(current == newest),
        "currentRevision": current,
        "updateRevision": newest,
    }
