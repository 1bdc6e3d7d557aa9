"""Observe a release, on the condition that this program made it and nobody works on it."""

from learnflow_infra.engine.release import adopt, foreign
from learnflow_infra.engine.release.observe import observe
from learnflow_infra.engine.release.recover import held_by_another
from learnflow_infra.engine.release.state import Observed, ReleaseState, state_of
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release


async def observe_own(session: Session, release: Release) -> Observed:
    """Helm's record of a release, for a verb that changes it without a comparison.

    Raises:
        LockedError: another helm process may be at work on it.
        RefusedError: somebody else made it.
    """
    observed = await observe(session, release)
    state = state_of(observed)
    if state is ReleaseState.HELD_BY_ANOTHER:
        raise held_by_another(release.name, observed)
    if state is ReleaseState.FOREIGN:
        raise adopt.refusal([foreign.of_release(session, release, observed)])
    return observed
