"""Say why something in a namespace is not ready, changing nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.release.observe import observe_with_objects
from learnflow_infra.engine.release.state import Observed, ReleaseState, state_of
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.planning import Options
from learnflow_infra.engine.request.session import connect
from learnflow_infra.events import Emit
from learnflow_infra.models import Release, ReleaseName
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.readiness.unowned import unowned_causes
from learnflow_infra.readiness.view import View
from learnflow_infra.remedy import Command, Remedy


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why something of a release is not ready, the root first; `release` is "" for the rest."""

    release: ReleaseName | None
    causes: Sequence[Cause]


def diagnose(options: Options, emit: Emit) -> list[Finding]:
    """For each release, and for what is beside them in the namespace, why it is not ready.

    Where none of the releases is, and other things are, only those are told of.
    """
    plan = planning.for_cluster(options)
    session = connect(plan, emit)
    with session.watches:
        views = [(release, *observe_with_objects(session, release)) for release in plan.releases]
        found = [_of_release(*item) for item in views]
        if options.skills:
            return found
        releases = [view for *_, view in views]
        beside = unowned_causes(session.kube, session.watches, session.namespace, releases)
    foreign = not any(observed.live for _, observed, _ in views) and beside is not None
    rest = [Finding(release=None, causes=beside)] if beside is not None else []
    return rest if foreign else [*found, *rest]


def _of_release(release: Release, observed: Observed, view: View) -> Finding:
    found = view.causes(view.snapshot(), logs=True)
    return Finding(release=release.name, causes=[*found, *_itself(release, observed)])


def _itself(release: Release, observed: Observed) -> list[Cause]:
    """What is wrong with the release; volumes of one that was deleted are no sign of it."""
    deploy = Remedy(Command("deploy", release.skill))
    state = state_of(observed)
    if observed.live is None or state is ReleaseState.ABSENT:
        code, text = Code.ReleaseMissing, "the release is not installed"
    elif state is not ReleaseState.IN_SYNC:
        code, text = Code.ReleaseNotDeployed, f"the release is {observed.live.status}"
    else:
        return []
    return [Cause(code=code, object=f"Release/{release.name}", message=text, remedy=deploy)]
