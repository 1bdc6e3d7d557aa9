"""Compare the desired releases with the live ones; nothing is changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from learnflow_infra.clients.helm_output import Rendered
from learnflow_infra.engine.release import changes, crds, drift, fixed_values, generated
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.observe import observe
from learnflow_infra.engine.release.offline import render_offline
from learnflow_infra.engine.release.refusal import explained, with_way_back
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import InputError, ReleaseFailedError
from learnflow_infra.objects import Object
from learnflow_infra.system import tasks

Render = Callable[[], Awaitable[Rendered]]


async def compare_all(session: Session, prepared: Sequence[Prepared]) -> list[Comparison]:
    """Compare releases concurrently; nothing is changed.

    Raises:
        ReleaseFailedError: helm cannot render one.
        InputError: values do not meet a chart's schema.
    """
    pending = await asyncio.to_thread(crds.missing, session.kube, [item.chart for item in prepared])
    return await tasks.together(*(compare(session, item, pending) for item in prepared))


async def compare(
    session: Session, prepared: Prepared, pending: Sequence[Object] = ()
) -> Comparison:
    """Compare one release.

    Args:
        session: the cluster.
        prepared: the desired release.
        pending: CRDs that are not in the cluster yet. If there are any, helm renders the chart
            without the cluster, whose server does not know all kinds.

    Raises:
        ReleaseFailedError: helm cannot render it.
        InputError: the values do not meet the chart's schema.
    """
    offline = partial(render_offline, session, prepared, pending)
    render: Render = offline if pending else partial(session.helm.render, prepared.installation)
    observed, desired = await asyncio.gather(
        observe(session, prepared.release), render(), return_exceptions=True
    )
    if isinstance(observed, Observed) and observed.unfinished:  # helm does not render it
        render = offline
        desired = await render()
    elif isinstance(observed, Observed) and observed.uninstalled and not pending:
        render = partial(session.helm.render, prepared.installation, replace=True)
        (desired,) = await asyncio.gather(render(), return_exceptions=True)
    if isinstance(observed, Observed):  # this error explains more than that of a chart
        await asyncio.to_thread(fixed_values.require_kept, session, prepared, observed)
    refusal = None
    if isinstance(observed, Observed) and isinstance(desired, ReleaseFailedError):
        refusal, render = desired, offline
        desired = await _rendered(render, refusal)
    for result in (observed, desired):
        if isinstance(result, ReleaseFailedError):
            raise explained(result, prepared.release, session.namespace) from result
        if isinstance(result, InputError) and isinstance(observed, Observed):
            raise with_way_back(result, prepared.release, observed) from result
        if isinstance(result, BaseException):
            raise result
    comparison = await _comparison(session, prepared, observed, desired, render)  # type: ignore[arg-type]
    if refusal is None or comparison.unserved:  # `removed_apis` makes helm able to read these
        return comparison
    return replace(comparison, refusal=explained(refusal, prepared.release, session.namespace))


async def _rendered(render: Render, refusal: ReleaseFailedError) -> Rendered | ReleaseFailedError:
    """The release as it is rendered without helm's checks; the refusal if that fails, too."""
    try:
        return await render()
    except ReleaseFailedError:
        return refusal


async def _comparison(
    session: Session, prepared: Prepared, observed: Observed, desired: Rendered, render: Render
) -> Comparison:
    """Compare with the baseline and with the live objects."""
    base = observed.baseline
    old = changes.by_key(base.manifest.with_hooks if base else ())
    findings = await asyncio.to_thread(_findings, session, observed, force=prepared.force_conflicts)
    if base and observed.deployed is None:  # of a failed install: helm created some objects only
        old = {key: obj for key, obj in old.items() if key not in _gone(findings)}
        findings = [finding for finding in findings if finding.state != "gone"]
    same = base is not None and base.manifest == desired.manifest and observed.deployed is not None
    comparison = Comparison(
        prepared=prepared, observed=observed, desired=desired, findings=findings
    )
    return comparison if same else await _with_diff(session, comparison, old, render)


def _findings(session: Session, observed: Observed, *, force: bool) -> list[Finding]:
    """Live objects that differ from the baseline, and Jobs of failed revisions that failed."""
    if observed.baseline is None:
        return []
    objects = observed.baseline.manifest.objects
    find = partial(drift.find, session.kube, session.namespace, force=force)
    known = changes.by_key(objects)
    later = {
        changes.key(obj): obj
        for attempt in observed.attempts
        for obj in attempt.manifest.objects
        if obj["kind"] == "Job" and changes.key(obj) not in known
    }
    jobs = find(list(later.values())) if later else []
    return [*find(objects), *(finding for finding in jobs if finding.state == "failed")]


def _gone(findings: Sequence[Finding]) -> set[changes.Key]:
    return {changes.key(finding.desired) for finding in findings if finding.state == "gone"}


async def _with_diff(
    session: Session, comparison: Comparison, old: generated.Objects, render: Render
) -> Comparison:
    """A comparison with the changes from `old`, and what helm generates at each rendering."""
    first = changes.by_key(comparison.desired.manifest.with_hooks)
    if not old:
        return replace(comparison, diff=changes.diff({}, first))
    known: generated.Objects = generated.settled(old, first, await _objects(render))
    if generated.may_be_time(old, known):
        await asyncio.sleep(1 - time.time() % 1)  # times are rarely finer than a second
        known = generated.settled(old, known, await _objects(render))
    known = await _without_revision(session, comparison, old, known)
    made = generated.changes_of(first, known)
    return replace(comparison, diff=changes.diff(old, known), generated=made)


async def _without_revision(
    session: Session, comparison: Comparison, old: generated.Objects, known: generated.Objects
) -> generated.Objects:
    """The objects without what only the number of the next revision changes."""
    base, live = comparison.observed.baseline, comparison.live
    numbers = (base.revision, live.revision + 1) if base and live else (0, 0)
    if not generated.may_be_of_revision(old, known, numbers):
        return known
    first = await render_offline(session, comparison.prepared, ())  # of revision 1
    return generated.of_revision(old, known, changes.by_key(first.manifest.with_hooks), numbers)


async def _objects(render: Render) -> dict[changes.Key, Object]:
    return changes.by_key((await render()).manifest.with_hooks)
