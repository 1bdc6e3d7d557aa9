"""Look at what a release owns until all of it is ready."""

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learnflow_infra.clients import retry
from learnflow_infra.clients.kube import Kube, selector
from learnflow_infra.errors import ClusterUnreachableError, NotReadyError
from learnflow_infra.models import Document, Release
from learnflow_infra.readiness import causes
from learnflow_infra.readiness.status import Status, compute

COLLECTIONS = {
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{}/pods",
}
INSTANCE = "app.kubernetes.io/instance"
"""The label by which charts mark what belongs to a release."""


class StoppedError(Exception):
    """The wait was given up, because the run is being interrupted."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a release owns at one moment; `missing` are expected objects that do not exist."""

    objects: tuple[Document, ...]
    missing: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Everything expected exists, and everything that exists is ready.

        A pod that failed and has an owner is judged by its owner, which makes another.
        """
        return not self.missing and all(
            compute(obj).ready for obj in self.objects if not _replaceable(obj)
        )

    @property
    def failed(self) -> bool:
        """A Job has used up its attempts: it will not become ready by waiting."""
        return any(obj["kind"] == "Job" and compute(obj).state == "Failed" for obj in self.objects)

    def summary(self) -> str:
        """One line: how much is ready, and the first thing that is not."""
        states = [(causes.reference(obj), compute(obj)) for obj in self.objects]
        good = sum(status.ready for _, status in states)
        waits = [f"{name}: {status.message}" for name, status in states if not status.ready]
        waits += [f"{name}: does not exist yet" for name in self.missing]
        return f"{good}/{len(states) + len(self.missing)} ready" + (
            f", {waits[-1]}" if waits else ""
        )


def _replaceable(obj: Document) -> bool:
    owned = bool(obj["metadata"].get("ownerReferences"))
    return obj["kind"] == "Pod" and owned and compute(obj).state == "Failed"


def look(kube: Kube, namespace: str, release: str, expected: Sequence[str] = ()) -> Snapshot:
    """List what carries the release's instance label; `expected` are `Kind/name` references."""
    query = {"labelSelector": selector({INSTANCE: release})}
    objects = [
        obj for path in COLLECTIONS.values() for obj in kube.items(path.format(namespace), **query)
    ]
    present = {causes.reference(obj) for obj in objects}
    missing = tuple(name for name in expected if name not in present)
    return Snapshot(objects=tuple(objects), missing=missing)


def statuses(snapshot: Snapshot) -> list[tuple[str, Status]]:
    """Each object's reference and status, those that are missing last."""
    found = [(causes.reference(o), compute(o)) for o in snapshot.objects if not _replaceable(o)]
    gone = Status(state="NotFound", message="does not exist; deploy makes it again")
    return [*found, *((name, gone) for name in snapshot.missing)]


def wait(
    kube: Kube,
    namespace: str,
    release: Release,
    *,
    expected: Sequence[str],
    seconds: float,
    stop: threading.Event,
    seen: Callable[[Snapshot], None],
) -> Snapshot:
    """Wait until a release is ready and stays so for its settle time.

    Raises:
        NotReadyError: `seconds` are over, or waiting cannot help; names what is not ready, why.
        StoppedError: `stop` was set.
    """
    ready_since: list[float] = []

    def glance() -> Snapshot:
        if stop.is_set():
            raise StoppedError
        try:
            return look(kube, namespace, release.name, expected)
        except ClusterUnreachableError as error:  # a server that restarts is waited for
            raise retry.TransientError(str(error)) from error

    def decided(snapshot: Snapshot) -> bool:
        if snapshot.failed:
            return True
        if not snapshot.ready:
            ready_since.clear()
            return False
        ready_since.append(time.monotonic())
        return ready_since[-1] - ready_since[0] >= release.settle

    begun = time.monotonic()
    try:
        done, last = retry.poll(glance, until=decided, seconds=seconds, seen=seen)
    except retry.TransientError as error:
        raise ClusterUnreachableError(
            f"The API server was lost while {release.name} was waited for.", why=str(error)
        ) from error
    if done and not last.failed:
        return last
    found = diagnose(kube, namespace, last)
    lines = [line for cause in found for line in cause.lines()]
    raise NotReadyError(
        f"{release.name} is not ready after {time.monotonic() - begun:.0f} s.",
        why="\n".join(lines),
        remedy=f"Look again: learnflow-infra diagnose {release.skill} -n {namespace}",
    )


def diagnose(kube: Kube, namespace: str, snapshot: Snapshot) -> list[causes.Cause]:
    """The causes for what is not ready, each container's with its last log lines."""
    if snapshot.ready:
        return []
    missing = [causes.Cause(object=name, reason="does not exist") for name in snapshot.missing]
    events = kube.items(f"/api/v1/namespaces/{namespace}/events")
    found = causes.explain(snapshot.objects, events)
    return [*missing, *(_with_log(kube, namespace, cause) for cause in found)]


def _with_log(kube: Kube, namespace: str, cause: causes.Cause) -> causes.Cause:
    if not cause.container:
        return cause
    pod = cause.object.partition("/")[2]
    lines = kube.log_tail(namespace, pod, cause.container, previous=False)
    lines = lines or kube.log_tail(namespace, pod, cause.container, previous=True)
    return dataclasses.replace(cause, log=tuple(lines))
