"""Waits until a started node is ready: the API server, the node itself, the cluster's DNS."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane.api import ERRORS, Api
from learnflow_infra.clusters.embedded.node import node_processes, runtime
from learnflow_infra.errors import NotReadyError
from learnflow_infra.remedy import Command, Remedy

PAUSE = 0.1


def healthy(api: Api) -> bool:
    """Whether the API server answers /readyz with ok, within a second."""
    return _holds(lambda: api.get("/readyz", timeout=1.0) == "ok")


def node_ready(node: dict[str, Any], since: datetime) -> bool:
    """Whether the Ready condition is true, and was reported by the kubelet after `since`.

    A stopped node leaves its last condition in the API server. lastHeartbeatTime (whole
    seconds) is when the kubelet last reported it. The node's Lease is no substitute: on a
    cluster's first start the kubelet cannot make it for seconds, until its namespace exists.
    """
    conditions = node.get("status", {}).get("conditions", [])
    return any(
        c["type"] == "Ready"
        and c["status"] == "True"
        and datetime.fromisoformat(c["lastHeartbeatTime"]) >= since.replace(microsecond=0)
        for c in conditions
    )


def fresh(pods: Iterable[dict[str, Any]], since: datetime) -> bool:
    """Whether no pod is Ready by a status from before `since`.

    After a node was killed the API server still has the old statuses of its pods, until the
    kubelet reports each pod anew.
    """
    return not any(_stale(pod.get("status", {}), since) for pod in pods)


def _stale(status: dict[str, Any], since: datetime) -> bool:
    conditions = status.get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    starts = [
        datetime.fromisoformat(running["startedAt"])
        for container in status.get("containerStatuses", [])
        if (running := container.get("state", {}).get("running"))
    ]
    # startedAt has whole seconds
    return ready and any(start < since.replace(microsecond=0) for start in starts)


def answers_200(url: str) -> bool:
    """Whether a component's health endpoint answers with 200, within a second."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1.0) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def listens(path: Path) -> bool:
    """Whether a server accepts connections at a Unix socket, which exists before that."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


class Waiter:
    """Waits for conditions while the node lives."""

    def __init__(self, config: cluster_files.Config, api: Api, timeout: float) -> None:
        self._config = config
        self._api = api
        start = cluster_files.layout(config.name).node.stat().st_mtime  # the node's start writes it
        self._since = datetime.fromtimestamp(start, tz=UTC)
        self._deadline = time.monotonic() + timeout
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Make every wait end at once, with an error."""
        self._cancelled.set()

    def api_server(self) -> None:
        """Wait until /readyz answers ok."""
        self._until("kube-apiserver", lambda: healthy(self._api))

    def runtime(self, node: node_processes.Node) -> None:
        """Wait until containerd listens."""
        path = Path(f"/proc/{node.init}/root{runtime.SOCKET}")
        self._until("containerd", lambda: listens(path))

    def services(self, node: node_processes.Node) -> None:
        """Wait until Services work: the DNS Service has its rules, and CoreDNS its names.

        kube-proxy's own health endpoint is not enough: it answers before any rule exists.
        """
        address = self._config.node_address
        self._until("kube-proxy", lambda: runtime.has_service(node, "10.96.0.10 . udp . 53"))
        self._until("coredns", lambda: answers_200(f"http://{address}:8181/ready"))

    def controllers(self) -> None:
        """Wait until pods can be created: a controller makes the ServiceAccount that they need."""
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._until("kube-controller-manager", lambda: bool(self._api.document(account)))

    def node(self) -> None:
        """Wait until the node is Ready, and no status of a pod is from before its start."""
        api, since = self._api, self._since
        path = f"/api/v1/nodes/{self._config.node_name}"
        self._until("kubelet", lambda: node_ready(api.document(path), since))
        self._until("kubelet", lambda: fresh(api.document("/api/v1/pods")["items"], since))

    def _until(self, component: str, condition: Callable[[], bool]) -> None:
        """Wait for a condition; an error of the API server means that it does not hold yet."""
        layout = cluster_files.layout(self._config.name)
        log = layout.log(component)
        while not _holds(condition):
            if node_processes.running(self._config.name) is None:
                raise NotReadyError(
                    f"The node of {self._config.name} ended while it started.",
                    why=cluster_files.tail(layout.log("node")),
                    remedy=Remedy(f"See {layout.logs}, then: ", Command("cluster", "up")),
                )
            if self._cancelled.is_set() or time.monotonic() > self._deadline:
                raise NotReadyError(
                    f"{component} was not ready in time.",
                    why=cluster_files.tail(log),
                    remedy=Remedy(f"See {log}, then: ", Command("cluster", "up")),
                )
            self._cancelled.wait(PAUSE)


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except ERRORS:
        return False
