"""Show the current state of the releases of a namespace, and of their objects."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.release.observe import observe_with_objects
from learnflow_infra.engine.release.state import ReleaseState, state_of
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.events import Emit
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.readiness.status import Status


@dataclass(frozen=True, kw_only=True)
class ReleaseStatus:
    """The current state of a release.

    `status` is helm's word, or "not installed" with `revision` 0.
    """

    release: ReleaseName
    revision: int
    status: str
    state: ReleaseState
    objects: Sequence[tuple[str, Status]]

    @property
    def ready(self) -> bool:
        """Deployed, and all its objects are ready."""
        return self.state is ReleaseState.IN_SYNC and all(
            status.ready for _, status in self.objects
        )


def status(options: Options, emit: Emit) -> list[ReleaseStatus]:
    """The status of each release of the chosen skills."""
    plan = planning.for_cluster(options)
    session = connect(plan, emit)
    with session.watches:
        return [_state(session, release) for release in plan.releases]


def _state(session: Session, release: Release) -> ReleaseStatus:
    observed, view = observe_with_objects(session, release)
    live = observed.live
    return ReleaseStatus(
        release=release.name,
        revision=live.revision if live else 0,
        status=live.status if live else "not installed",
        state=state_of(observed),
        objects=view.snapshot().statuses(),
    )
