"""Show the current state of the releases of a namespace, and of their objects."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import losses
from learnflow_infra.engine.release.observe import observe_with_objects
from learnflow_infra.engine.release.ownership import maker_of_release
from learnflow_infra.engine.release.state import Observed, ReleaseState, state_of
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import connect
from learnflow_infra.events import Emit
from learnflow_infra.models import ReleaseName
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.readiness.status import State, Status
from learnflow_infra.readiness.view import View


@dataclass(frozen=True, kw_only=True)
class ReleaseStatus:
    """The current state of a release.

    `status` is helm's word, or "not installed" with `revision` 0. A release that others made
    is "foreign", with its chart.
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
    plan = planning.for_cluster(options, planning.choose(options, emit))
    session = connect(plan, emit)
    with session.watches:
        observed = [observe_with_objects(session, release) for release in plan.releases]
        lost = losses.of_views(
            session, [view for item, view in observed if item.live and item.ours], plan.skills
        )
        return [_state(item, view, lost.get(view.release.name, ())) for item, view in observed]


def _state(observed: Observed, view: View, lost: Sequence[Cause]) -> ReleaseStatus:
    live, state = observed.live, state_of(observed)
    statuses = dict(view.snapshot().statuses()) | {item.object: _lost(item) for item in lost}
    return ReleaseStatus(
        release=view.release.name,
        revision=live.revision if live else 0,
        status=_word(observed, state),
        state=state,
        objects=list(statuses.items()),
    )


def _lost(cause: Cause) -> Status:
    """The status of a Secret or claim that is gone, or that is not the recorded one."""
    state: State = "NotFound" if cause.code is Code.MissingSecret else "Failed"
    return Status(state=state, message=cause.message)


def _word(observed: Observed, state: ReleaseState) -> str:
    if observed.live is None:
        return "not installed"
    if state is ReleaseState.FOREIGN:
        return f"foreign: made from the {maker_of_release(observed.stored)}"
    return observed.live.status
