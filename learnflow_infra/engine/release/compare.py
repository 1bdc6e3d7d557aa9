"""Compare the desired releases with the live ones; nothing is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from learnflow_infra.clients.helm import Capabilities, Live, Rendered
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import changes, crds, drift, leftovers
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.observe import observe
from learnflow_infra.engine.release.refusal import explained
from learnflow_infra.engine.release.state import (
    Action,
    Observed,
    ReleaseState,
    action_for,
    state_of,
)
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError, ReleaseFailedError
from learnflow_infra.objects import Object
from learnflow_infra.system import tasks

_OLD_MANIFEST = "current release manifest"
"""In stderr when the server no longer serves a kind of the release, which `upgrade` mends."""
Render = Callable[[], Awaitable[Rendered]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The `desired` release beside the `observed` one.

    `diff` has the changes from the observed baseline to the desired manifest, `findings` the
    live objects that differ from the baseline. `refusal` is why helm would not install what
    it rendered, None if it would.
    """

    prepared: Prepared
    observed: Observed
    desired: Rendered
    diff: Sequence[Change] = ()
    findings: Sequence[Finding] = ()
    refusal: LearnflowError | None = None

    @property
    def live(self) -> Live | None:
        """The release in helm's record."""
        return self.observed.live

    @property
    def state(self) -> ReleaseState:
        """The state that follows from the comparison."""
        return state_of(self.observed, desired=self.desired, diff=self.diff, findings=self.findings)

    @property
    def action(self) -> Action:
        """What a deploy does with the release."""
        return action_for(self.state, self.observed, leftovers=self._leftovers)

    @property
    def _leftovers(self) -> bool:
        """Failed revisions left something that helm's upgrade would not remove."""
        attempts = [changes.by_key(item.manifest.objects) for item in self.observed.attempts]
        deployed = self.observed.deployed
        return leftovers.exist(
            attempts,
            changes.by_key(deployed.manifest.objects if deployed else ()),
            changes.by_key(self.desired.manifest.objects),
        )


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
    offline = partial(_render_offline, session, prepared, pending)
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
    refusal = None
    if isinstance(observed, Observed) and isinstance(desired, ReleaseFailedError):
        refusal, render = desired, offline
        desired = await _rendered(render, refusal)
    for result in (observed, desired):
        if isinstance(result, ReleaseFailedError):
            raise explained(result, prepared.release, session.namespace) from result
        if isinstance(result, BaseException):
            raise result
    comparison = await _comparison(session, prepared, observed, desired, render)  # type: ignore[arg-type]
    if refusal is None or _OLD_MANIFEST in str(refusal.why):
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
    findings = await asyncio.to_thread(_findings, session, observed)
    if base and observed.deployed is None:  # of a failed install: helm created some objects only
        old = {key: obj for key, obj in old.items() if key not in _gone(findings)}
        findings = [finding for finding in findings if finding.state != "gone"]
    same = base is not None and base.manifest == desired.manifest and observed.deployed is not None
    diff = [] if same else await _diff(old, desired, render)
    return Comparison(
        prepared=prepared, observed=observed, desired=desired, diff=diff, findings=findings
    )


def _findings(session: Session, observed: Observed) -> list[Finding]:
    """Live objects that differ from the baseline, and Jobs of failed revisions that failed."""
    if observed.baseline is None:
        return []
    objects = observed.baseline.manifest.objects
    find = partial(drift.find, session.kube, session.namespace)
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


async def _diff(
    old: Mapping[changes.Key, Object], desired: Rendered, render: Render
) -> list[Change]:
    """The changes to the desired release, without values that helm generates at each rendering."""
    first = changes.by_key(desired.manifest.with_hooks)
    if not old:
        return changes.diff({}, first)
    second = changes.by_key((await render()).manifest.with_hooks)
    return changes.diff(old, changes.settled(old, first, second))


async def _render_offline(
    session: Session, prepared: Prepared, pending: Sequence[Object]
) -> Rendered:
    served = await asyncio.to_thread(capabilities, session.kube, pending)
    return await session.helm.render_apart(prepared.installation, served)


def capabilities(kube: Kube, pending: Sequence[Object]) -> Capabilities:
    """The cluster's version and API versions, with those that pending CRDs add."""
    groups = kube.request("GET", "/apis")["groups"]
    served = [version["groupVersion"] for group in groups for version in group["versions"]]
    return Capabilities(
        kube_version=kube.request("GET", "/version")["gitVersion"],
        api_versions=tuple(dict.fromkeys([*served, *api_versions(pending)])),
    )


def api_versions(definitions: Sequence[Object]) -> tuple[str, ...]:
    """API versions of CRDs, each also with its kind, as helm's `--api-versions` takes them."""
    names = [
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
        for crd in definitions
        for version in crd["spec"]["versions"]
    ]
    return tuple(text for version, kind in names for text in (version, f"{version}/{kind}"))
