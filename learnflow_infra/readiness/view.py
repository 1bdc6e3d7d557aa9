"""One release in the eyes of a run's watches: what it owns, and why it is not ready."""

from collections.abc import Mapping, Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Release
from learnflow_infra.objects import is_event
from learnflow_infra.readiness import causes, watched
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.logs import Logs
from learnflow_infra.readiness.owned import Expected, Judge, Snapshot, members
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.watches import Watches


class View:
    """One release in the eyes of the run's watches."""

    def __init__(self, kube: Kube, watches: Watches, namespace: str, release: Release) -> None:
        self._kube, self._watches = kube, watches
        self.namespace, self.release = namespace, release
        self._paths: list[str] = []
        self._looked: tuple[int, Snapshot] | None = None
        self._logs = Logs(kube, namespace)
        self._judge = Judge(release.name, Expected(), release.rules)

    @property
    def store(self) -> Store:
        """What the watches have seen."""
        return self._watches.store

    def expect(self, wanted: Expected, *, only: bool = False) -> None:
        """Watch what is expected; what is seen of it then is not older than this call.

        Args:
            wanted: what has to be there.
            only: leave out what else carries the release's label.

        Raises:
            ClusterUnreachableError: the API server does not answer.
        """
        self._paths = watched.paths(self._kube, self.namespace, wanted.kinds)
        self._looked = None
        self._judge = Judge("" if only else self.release.name, wanted, self.release.rules)
        self._watches.ensure([*self._paths, *watched.around(self.namespace)])

    def look(self) -> Snapshot:
        """What the release owns now; the very same where nothing has changed since."""
        version = self.store.version
        if self._looked is None or self._looked[0] != version:
            self._looked = version, self._judge(self.store.objects(self._paths))
        return self._looked[1]

    def evidence(
        self, snapshot: Snapshot, logs: Mapping[tuple[str, str], Sequence[str]] | None = None
    ) -> Evidence:
        """All that may explain why something of a snapshot is not ready."""
        events, *around = watched.around(self.namespace)
        others = self.store.objects(
            path.format(self.namespace) for path in watched.COLLECTIONS.values()
        )
        operators = [obj for need in self.release.needs for obj in members(others, need, ())]
        return Evidence(
            namespace=self.namespace,
            states=snapshot.states,
            missing=snapshot.missing,
            events=[obj for obj in self.store.objects([events]) if is_event(obj)],
            around=[*self.store.objects(around), *operators],
            logs=logs or {},
            removed_images=self.release.removed_images,
            denied=[path.rpartition("/")[2] for path in self.store.in_state("denied")],
        )

    def causes(self, snapshot: Snapshot, *, logs: bool = False) -> list[Cause]:
        """Why something is not ready, the root first.

        Args:
            snapshot: of the release.
            logs: read those of all containers in trouble anew. Else they are read only for a
                release that declares what they tell, and only as often as something new may
                be in them, so that a wait does not ask more and more.
        """
        if snapshot.ready:
            return []
        telling = any(cause.log for cause in self.release.causes)
        found = self._logs.read(snapshot, anew=logs) if logs or telling else {}
        return causes.find(self.evidence(snapshot, found), self.release.causes)
