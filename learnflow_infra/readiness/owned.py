"""What a release owns: what its manifest says that there has to be, and what there is."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from learnflow_infra.clients.kube import NOT_FOUND, ApiError, Kube, selector
from learnflow_infra.models import Document
from learnflow_infra.readiness import causes, custom
from learnflow_infra.readiness.status import Status, evaluate

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


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a release's manifest says that there has to be, and must be ready.

    `names` are `Kind/name` references; `custom` the apiVersion and kind of each sort of
    custom resource among them, and of what operators make of those.
    """

    names: tuple[str, ...] = ()
    custom: tuple[tuple[str, str], ...] = ()


def expected(objects: Iterable[Document]) -> Expected:
    """What has to be there of a manifest's objects: workloads, claims and custom resources."""
    names: list[str] = []
    kinds: dict[tuple[str, str], None] = {}
    for obj in objects:
        group, kind = obj["apiVersion"].rpartition("/")[0], obj["kind"]
        if kind in COLLECTIONS:
            names.append(causes.reference(obj))
        elif custom.is_custom(group):
            names.append(causes.reference(obj))
            kinds[obj["apiVersion"], kind] = None
        if (group, kind) in custom.MADE:
            names.append(f"{custom.MADE[group, kind][1]}/{custom.made_name(obj)}")
            kinds[custom.MADE[group, kind]] = None
    return Expected(names=tuple(names), custom=tuple(kinds))


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
            status.ready for obj, status in self.states if not _replaceable(obj, status)
        )

    @property
    def failed(self) -> bool:
        """A Job has used up its attempts: it will not become ready by waiting."""
        return any(obj["kind"] == "Job" and status.state == "Failed" for obj, status in self.states)

    @property
    def refused(self) -> bool:
        """An operator says that a custom resource's spec is wrong."""
        return any(status.state == "Failed" and custom.compute(obj) for obj, status in self.states)

    @functools.cached_property
    def states(self) -> list[tuple[Document, Status]]:
        """Each object with its status."""
        return evaluate(self.objects)

    def summary(self) -> str:
        """One line: how much is ready, and the first thing that is not."""
        states = [(causes.reference(obj), status) for obj, status in self.states]
        good = sum(status.ready for _, status in states)
        waits = [f"{name}: {status.message}" for name, status in states if not status.ready]
        waits += [f"{name}: does not exist yet" for name in self.missing]
        return f"{good}/{len(states) + len(self.missing)} ready" + (
            f", {waits[-1]}" if waits else ""
        )


def _replaceable(obj: Document, status: Status) -> bool:
    owned = bool(obj["metadata"].get("ownerReferences"))
    return obj["kind"] == "Pod" and owned and status.state == "Failed"


def look(kube: Kube, namespace: str, release: str, wanted: Expected) -> Snapshot:
    """List what carries the release's instance label, and what else the manifest names."""
    query = {"labelSelector": selector({INSTANCE: release})}
    objects = _custom_resources(kube, namespace, wanted)
    objects += [
        obj for path in COLLECTIONS.values() for obj in kube.items(path.format(namespace), **query)
    ]
    present = {causes.reference(obj) for obj in objects}
    for name in (name for name in wanted.names if name not in present):
        kind, _, rest = name.partition("/")  # a chart that does not label what it makes
        path = COLLECTIONS.get(kind, "").format(namespace)
        found = kube.find(f"{path}/{rest}") if path else None
        objects += [found] if found else []
    present = {causes.reference(obj) for obj in objects}
    missing = tuple(name for name in wanted.names if name not in present)
    return Snapshot(objects=tuple(objects), missing=missing)


def _custom_resources(kube: Kube, namespace: str, wanted: Expected) -> list[Document]:
    """The custom resources that are expected by name; others of their kind are not ours.

    Those that a manifest names first come last: what the others wait for.
    """
    found = []
    for version, kind in reversed(wanted.custom):
        plural = _plurals(kube, version).get(kind)
        if plural:
            found += kube.items(f"/apis/{version}/namespaces/{namespace}/{plural}")
    return [obj for obj in found if causes.reference(obj) in wanted.names]


@functools.lru_cache(maxsize=16)
def _served(kube: Kube, version: str) -> dict[str, str]:
    answer = kube.request("GET", f"/apis/{version}")
    return {r["kind"]: r["name"] for r in answer["resources"] if "/" not in r["name"]}


def _plurals(kube: Kube, version: str) -> dict[str, str]:
    """The names of an API's collections by kind; empty where it is not served (asked again)."""
    try:
        return _served(kube, version)
    except ApiError as error:
        if error.status == NOT_FOUND:
            return {}
        raise


def statuses(snapshot: Snapshot) -> list[tuple[str, Status]]:
    """Each object's reference and status, those that are missing last."""
    found = [(causes.reference(o), s) for o, s in snapshot.states if not _replaceable(o, s)]
    gone = Status(state="NotFound", message="does not exist; deploy makes it again")
    return [*found, *((name, gone) for name in snapshot.missing)]
