"""Report why objects of a namespace are not ready; nothing is changed."""

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
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.objects import refer
from learnflow_infra.readiness.causes import Cause, Code, ordered
from learnflow_infra.readiness.unowned import unowned_causes
from learnflow_infra.readiness.view import View
from learnflow_infra.remedy import Command, Remedy


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Causes, the root cause first; `release` is None for objects of no release."""

    release: ReleaseName | None
    causes: Sequence[Cause]


def diagnose(options: Options, emit: Emit) -> list[Finding]:
    """Why each release, and other objects of the namespace, are not ready.

    If none of the releases is installed, but other objects exist, those alone are reported.

    Raises:
        ClusterUnreachableError: the cluster does not run, or does not answer.
    """
    plan = planning.for_cluster(options, planning.choose(options, emit))
    session = connect(plan, emit)
    with session.watches:
        observed = [(item, *observe_with_objects(session, item)) for item in plan.releases]
        lost = losses.of_views(
            session, [view for _, item, view in observed if item.live and item.ours], plan.skills
        )
        findings = [_finding(*item, lost.get(item[0].name, ())) for item in observed]
        if options.skills:
            return findings
        views = [view for *_, view in observed]
        causes = unowned_causes(session.kube, session.watches, session.namespace, views)
    if causes is None:
        return findings
    installed = any(release.live and release.ours for _, release, _ in observed)
    return [*(findings if installed else ()), Finding(release=None, causes=causes)]


def _finding(release: Release, observed: Observed, view: View, lost: Sequence[Cause]) -> Finding:
    causes = view.causes(view.snapshot(), logs=True)
    own = _release_causes(release, observed)
    return Finding(release=release.name, causes=ordered([*lost, *causes, *own]))


def _release_causes(release: Release, observed: Observed) -> list[Cause]:
    """The cause if helm's newest revision of a release is not deployed."""
    state, remedy = state_of(observed), Remedy(Command("deploy", release.skill))
    if observed.live is None or state is ReleaseState.ABSENT:
        code, text = Code.ReleaseMissing, "the release is not installed"
    elif state is ReleaseState.FOREIGN:
        chart = maker_of_release(observed.stored)
        code, text = Code.ReleaseMissing, f"somebody else made the release here, from the {chart}"
        remedy = Remedy(Command("deploy", release.skill, "--adopt"))
    elif state is not ReleaseState.IN_SYNC:
        code, text = Code.ReleaseNotDeployed, f"the release is {observed.live.status}"
    else:
        return []
    return [Cause(code=code, object=refer("Release", release.name), message=text, remedy=remedy)]
