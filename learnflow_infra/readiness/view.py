"""One release as the run's watches show it: its objects, and why they are not ready."""

from collections.abc import Mapping, Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Release
from learnflow_infra.objects import is_event
from learnflow_infra.readiness import causes, watched
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.logs import Logs
from learnflow_infra.readiness.owned import Evaluator, Expected, Snapshot, members
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.watches import Watches


class View:
    """One release in one namespace; empty until `follow` names what belongs to it."""

    def __init__(self, kube: Kube, watches: Watches, namespace: str, release: Release) -> None:
        self._kube, self._watches = kube, watches
        self.namespace, self.release = namespace, release
        self._paths: list[str] = []
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
        self._cached = None
        release = self.release.name if labelled else ""
        self._evaluator = Evaluator(release, expected, self.release.rules)
        self._watches.ensure([*self._paths, *watched.surroundings(self.namespace)])

    def snapshot(self) -> Snapshot:
        """The release's objects now; the same instance while nothing changes."""
        version = self.store.version
        if self._cached is None or self._cached[0] != version:
            self._cached = version, self._evaluator.evaluate(self.store.objects(self._paths))
        return self._cached[1]

    def evidence(
        self, snapshot: Snapshot, logs: Mapping[tuple[str, str], Sequence[str]] | None = None
    ) -> Evidence:
        """All that may explain why objects of a snapshot are not ready."""
        events, *surroundings = watched.surroundings(self.namespace)
        others = self.store.objects(
            path.format(self.namespace) for path in watched.COLLECTIONS.values()
        )
        operators = [obj for need in self.release.needs for obj in members(others, need, ())]
        return Evidence(
            namespace=self.namespace,
            states=snapshot.states,
            missing=snapshot.missing,
            events=[obj for obj in self.store.objects([events]) if is_event(obj)],
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
