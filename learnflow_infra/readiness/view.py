"""One release as the run's watches show it: its objects, and why they are not ready."""

from collections.abc import Mapping, Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Release
from learnflow_infra.objects import Object, Reference, is_event
from learnflow_infra.readiness import causes, watched
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.logs import Logs
from learnflow_infra.readiness.mounted import mounted
from learnflow_infra.readiness.owned import Evaluator, Snapshot, members
from learnflow_infra.readiness.states import claim_names
from learnflow_infra.readiness.status import evaluate
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.watches import Watches

_CLAIM = "PersistentVolumeClaim"
_CLAIMS = watched.COLLECTIONS[_CLAIM]


class View:
    """One release in one namespace; empty until `follow` names what belongs to it."""

    def __init__(self, kube: Kube, watches: Watches, namespace: str, release: Release) -> None:
        self._kube, self._watches = kube, watches
        self.namespace, self.release = namespace, release
        self._paths: list[str] = []
        self._elsewhere: dict[str, tuple[list[str], Sequence[Reference]]] = {}
        self._cached: tuple[int, Snapshot] | None = None
        self._logs = Logs(kube, namespace)
        self._evaluator = Evaluator(release.name, Expected(), release.rules)

    @property
    def store(self) -> Store:
        """The objects that the watches keep up to date."""
        return self._watches.store

    def follow(self, expected: Expected, *, labelled: bool = True) -> None:
        """Watch the expected objects; the store is then no older than this call.

        Args:
            expected: what has to exist.
            labelled: objects with the release's label belong to it, too.

        Raises:
            ClusterUnreachableError: the API server does not answer.
        """
        self._paths = watched.paths(self._kube, self.namespace, expected.kinds)
        self._elsewhere = {
            namespace: (watched.paths(self._kube, namespace, expected.kinds), names)
            for namespace, names in expected.elsewhere.items()
            if namespace != self.namespace
        }
        self._cached = None
        release = self.release.name if labelled else ""
        self._evaluator = Evaluator(release, expected, self.release.rules)
        others = [path for paths, _ in self._elsewhere.values() for path in paths]
        self._watches.ensure([*self._paths, *others, *self._surroundings()])

    def _surroundings(self) -> list[str]:
        namespaces = (self.namespace, *self._elsewhere)
        return [path for name in namespaces for path in watched.surroundings(name)]

    def _objects(self) -> list[Object]:
        """The objects of the release's namespace, and in others those that its manifest names."""
        own = list(self.store.objects(self._paths))
        for namespace, (paths, names) in self._elsewhere.items():
            others = self.store.objects(path for path in paths if path not in self._paths)
            named = members(others, "", names)
            claims = mounted(named, self.store.objects([_CLAIMS.format(namespace)]))
            own += {obj["metadata"]["uid"]: obj for obj in (*named, *claims)}.values()
        return own

    def claims(self) -> list[Object]:
        """The claims of the release's namespace, whoever made them."""
        return list(self.store.objects([_CLAIMS.format(self.namespace)]))

    def snapshot(self) -> Snapshot:
        """The release's objects now; the same instance while nothing changes."""
        version = self.store.version
        if self._cached is None or self._cached[0] != version or self._cached[1].settling:
            self._cached = version, self._evaluate()
        return self._cached[1]

    def _evaluate(self) -> Snapshot:
        """The release's objects; where replicas differ, autoscalers are asked for, once."""
        classes = list(self.store.objects([watched.SURROUNDINGS["storageclasses"]]))
        snapshot = self._evaluator.evaluate(self._objects(), classes)
        path = watched.BY_MANIFEST["HorizontalPodAutoscaler"].format(self.namespace)
        if not snapshot.replicas or path in self._paths:
            return snapshot
        self._watches.ensure([path])
        self._paths.append(path)
        return self._evaluator.evaluate(self._objects(), classes)

    def evidence(
        self, snapshot: Snapshot, logs: Mapping[tuple[str, str], Sequence[str]] | None = None
    ) -> Evidence:
        """All that may explain why objects of a snapshot are not ready."""
        namespaces = (self.namespace, *self._elsewhere)
        events = [watched.EVENTS.format(name) for name in namespaces]
        surroundings = [path for path in self._surroundings() if path not in events]
        others = self.store.objects(
            path.format(self.namespace) for path in watched.COLLECTIONS.values()
        )
        claims = _claims_of_others(snapshot, others)
        operators = [obj for need in self.release.needs for obj in members(others, need, ())]
        return Evidence(
            namespace=self.namespace,
            states=[*snapshot.states, *evaluate(claims)],
            missing=snapshot.missing,
            replicas=snapshot.replicas,
            events=[obj for obj in self.store.objects(events) if is_event(obj)],
            surroundings=[*self.store.objects(surroundings), *operators],
            logs=logs or {},
            removed_images=self.release.removed_images,
            denied=[path.rpartition("/")[2] for path in self.store.in_state("denied")],
        )

    def causes(self, snapshot: Snapshot, *, logs: bool = False) -> list[Cause]:
        """Why objects of a snapshot are not ready, the root first.

        Args:
            snapshot: of the release.
            logs: read the logs of all unready containers again. Without it, logs are read
                only for a release that declares causes by log lines, and only when they may
                have new lines, so that the number of requests does not grow during a wait.
        """
        if snapshot.ready:
            return []
        by_log = any(cause.log for cause in self.release.causes)
        lines = self._logs.read(snapshot, again=logs) if logs or by_log else {}
        return causes.explain(self.evidence(snapshot, lines), self.release.causes)


def _claims_of_others(snapshot: Snapshot, objects: Sequence[Object]) -> list[Object]:
    """The claims that pods of a release mount, and that do not belong to it."""
    used = {name for obj in snapshot.objects if obj["kind"] == "Pod" for name in claim_names(obj)}
    used -= {o["metadata"]["name"] for o in snapshot.objects if o["kind"] == _CLAIM}
    return [obj for obj in objects if obj["kind"] == _CLAIM and obj["metadata"]["name"] in used]
