"""When a started node is ready: the API server, the node itself, the cluster's DNS."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from learnflow_infra.clusters.embedded import state
from learnflow_infra.clusters.embedded.control_plane.api import Api, ApiError
from learnflow_infra.clusters.embedded.node import launch, runtime
from learnflow_infra.errors import NotReadyError

PAUSE = 0.1


def healthy(api: Api) -> bool:
    """The API server answers /readyz; True or False within a second."""
    try:
        return api.get("/readyz", timeout=1.0) == "ok"
    except ApiError:
        return False


def exists(api: Api, path: str) -> bool:
    """The API server has this object."""
    try:
        return bool(api.document(path))
    except ApiError:
        return False


def node_ready(node: dict[str, Any], since: datetime) -> bool:
    """The Ready condition is true, and was said by a kubelet that ran after `since`.

    A node that was stopped leaves its old condition behind; lastHeartbeatTime (whole
    seconds) tells when the kubelet said it last. Its Lease would not do: on a cluster's
    first start the kubelet tries for seconds to make it, before its namespace exists.
    """
    conditions = node.get("status", {}).get("conditions", [])
    return any(
        c["type"] == "Ready"
        and c["status"] == "True"
        and datetime.fromisoformat(c["lastHeartbeatTime"]) >= since.replace(microsecond=0)
        for c in conditions
    )


def fresh(pods: Iterable[dict[str, Any]], since: datetime) -> bool:
    """No pod is called Ready for containers that ended with the node's last life.

    After a kill the API server still holds the old statuses; they hold until the kubelet
    has looked at each pod.
    """
    return not any(_stale(pod.get("status", {}), since) for pod in pods)


def _stale(status: dict[str, Any], since: datetime) -> bool:
    conditions = status.get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    begun = [
        datetime.fromisoformat(running["startedAt"])
        for container in status.get("containerStatuses", [])
        if (running := container.get("state", {}).get("running"))
    ]
    # startedAt has whole seconds
    return ready and any(start < since.replace(microsecond=0) for start in begun)


def says_200(url: str) -> bool:
    """A health endpoint of a component answers, within a second."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1.0) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


class Waiter:
    """Waits for conditions while the node lives."""

    def __init__(self, config: state.Config, api: Api, timeout: float) -> None:
        self._config = config
        self._api = api
        begun = state.layout(config.name).node.stat().st_mtime  # written when the node starts
        self._since = datetime.fromtimestamp(begun, tz=UTC)
        self._deadline = time.monotonic() + timeout
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Make every wait end at once, with an error."""
        self._cancelled.set()

    def api_server(self) -> None:
        """Until /readyz answers ok."""
        self._until("kube-apiserver", lambda: healthy(self._api))

    def runtime(self, node: state.Node) -> None:
        """Until containerd listens."""
        socket = Path(f"/proc/{node.init}/root/run/containerd/containerd.sock")
        self._until("containerd", socket.exists)

    def services(self, node: state.Node) -> None:
        """Until Services work: the rules of the cluster's DNS are there, and it has its names.

        kube-proxy's own health endpoint would not do: it answers before any rule is written.
        """
        address = self._config.node_address
        self._until("kube-proxy", lambda: runtime.has_service(node, "10.96.0.10 . udp . 53"))
        self._until("coredns", lambda: says_200(f"http://{address}:8181/ready"))

    def controllers(self) -> None:
        """Until pods may be made: their namespace's ServiceAccount comes from a controller."""
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._until("kube-controller-manager", lambda: exists(self._api, account))

    def node(self) -> None:
        """Until the node is Ready, and what is said of its pods is true."""
        self._until("kubelet", self._node_ready)
        self._until("kubelet", self._pods_fresh)

    def _pods_fresh(self) -> bool:
        try:
            return fresh(self._api.document("/api/v1/pods")["items"], self._since)
        except ApiError:
            return False

    def _node_ready(self) -> bool:
        try:
            node = self._api.document(f"/api/v1/nodes/{self._config.node_name}")
        except ApiError:
            return False
        return node_ready(node, self._since)

    def _until(self, component: str, condition: Callable[[], bool]) -> None:
        log: Path = state.layout(self._config.name).logs / f"{component}.log"
        while not condition():
            if state.running(self._config.name) is None:
                raise NotReadyError(
                    f"The node of {self._config.name} died while it started.",
                    why=launch.tail(log.with_name("node.log")),
                    remedy=f"See {log.parent}, then: learnflow-infra cluster up",
                )
            if self._cancelled.is_set() or time.monotonic() > self._deadline:
                raise NotReadyError(
                    f"{component} was not ready in time.",
                    why=launch.tail(log),
                    remedy=f"See {log}, then: learnflow-infra cluster up",
                )
            self._cancelled.wait(PAUSE)
