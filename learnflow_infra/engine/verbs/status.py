"""The releases of a namespace, and what they own, as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.release.observe import look
from learnflow_infra.engine.request.session import Options, Session, connect, read
from learnflow_infra.events import Emit
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.readiness.status import Status


@dataclass(frozen=True, kw_only=True)
class ReleaseState:
    """A release as it is now; `revision` 0 and `status` "not installed" where there is none."""

    release: ReleaseName
    revision: int
    status: str
    objects: Sequence[tuple[str, Status]]

    @property
    def ready(self) -> bool:
        """Deployed, and everything it owns is ready."""
        return self.status == "deployed" and all(status.ready for _, status in self.objects)


def status(options: Options, emit: Emit) -> list[ReleaseState]:
    """The state of each release of the chosen skills."""
    request = read(options)
    session = connect(request.target, options.namespace, emit)
    with session.watches:
        return [_state(session, release) for release in request.releases]


def _state(session: Session, release: Release) -> ReleaseState:
    live, view = look(session, release)
    return ReleaseState(
        release=release.name,
        revision=live.revision if live else 0,
        status=live.status if live else "not installed",
        objects=view.look().statuses(),
    )
