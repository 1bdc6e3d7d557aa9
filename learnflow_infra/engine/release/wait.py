"""Wait until a release is ready, and replace pods that block it."""

import asyncio
import time
from dataclasses import dataclass, field

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.claim_marks import ClaimMarker
from learnflow_infra.engine.release.covered import Covered, covered
from learnflow_infra.engine.release.progress import ProgressReporter
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Message
from learnflow_infra.models import Release, ReleaseName, Values
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.mounted import mounted
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.states import is_deleted
from learnflow_infra.readiness.stuck import stuck_pods
from learnflow_infra.readiness.tracker import Observation, Observe
from learnflow_infra.readiness.view import View
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A release that is deployed and ready.

    `changed` says whether this run changed the release or one of its objects.
    `values` are the user-supplied ones, `computed` those with the chart's defaults. `deployed`
    is when helm deployed the revision, in seconds since 1970; `chart` is the name and version,
    "" after a rollback. `covered` is what a verification covers. `origins` say where each value
    comes from; empty after a rollback.
    """

    release: ReleaseName
    revision: int
    changed: bool
    values: Values
    computed: Values
    manifest: Manifest
    deployed: float = 0.0
    chart: str = ""
    covered: Covered = field(default_factory=Covered)
    origins: Values = field(default_factory=dict)


async def until_ready(
    session: Session,
    release: Release,
    live: Live,
    *,
    seconds: float,
    changed: bool,
    report: Observe | None = None,
) -> Outcome:
    """Wait until a release is ready; pods that are stuck in an old revision are replaced.

    Args:
        session: the cluster.
        release: to wait for.
        live: helm's record of it.
        seconds: until it has to be ready.
        changed: this run changed the release or its objects.
        report: takes every observation of the wait; None emits them.

    Raises:
        LearnflowError: of the class of the cause for which it will not become ready.
        NotReadyError: it did not become ready in time.
    """
    report = report or ProgressReporter(session.emit, f"release/{release.name}")
    try:
        async with tasks.group() as group:
            computed = group.create_task(session.helm.computed_values(release.name))
            wait = asyncio.to_thread(_wait, session, release, live, seconds, report)
            waiting = group.create_task(wait)
    except asyncio.CancelledError:
        session.stop.set()  # the wait runs in a thread, which only this ends
        raise
    snapshot, replaced = waiting.result()
    return Outcome(
        release=release.name,
        revision=live.revision,
        changed=changed or replaced,
        values=live.values,
        computed=computed.result(),
        manifest=live.manifest,
        deployed=live.begun,
        covered=covered(
            snapshot.objects,
            session.watches.store.objects([api_paths.claims(session.namespace)]),
        ),
    )


def _wait(
    session: Session, release: Release, live: Live, seconds: float, report: Observe
) -> tuple[Snapshot, bool]:
    """The snapshot in which all is ready, and whether a pod was replaced."""
    replacer = StuckPodReplacer(session)
    marker = ClaimMarker(session, release, live.values)

    def observe(observation: Observation) -> None:
        report(observation)
        replacer.replace(observation.snapshot)
        marker.mark_used(live.manifest.objects, observation.snapshot.objects, view.claims())

    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(expected(live.manifest.objects))
    ready = tracker.wait_until_ready(view, timeout=seconds, stop=session.stop, observe=observe)
    return ready, replacer.replaced


class StuckPodReplacer:
    """Deletes pods that their StatefulSet's controller never replaces, each once.

    Source: "Forced rollback", see readiness.stuck.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._replaced: set[str] = set()

    @property
    def replaced(self) -> bool:
        """Whether a pod was deleted."""
        return bool(self._replaced)

    def replace(self, snapshot: Snapshot) -> None:
        """Delete the stuck pods of a snapshot, so that the controller recreates them.

        A pod whose claim is being deleted stays: the claim's data would go with it.
        """
        deleted = [obj for obj in snapshot.objects if is_deleted(obj)]
        for pod in stuck_pods(snapshot.objects, time.time()):
            if mounted([pod], deleted):
                continue
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            if uid in self._replaced:
                continue
            self._replaced.add(uid)
            self._session.emit(Message(text=f"     replacing Pod/{name}, stuck in an old revision"))
            path = f"{api_paths.pods(self._session.namespace)}/{name}"
            self._session.kube.delete(path, uid=uid)
