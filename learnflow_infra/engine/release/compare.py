"""Compare the desired releases with the live ones; nothing is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from learnflow_infra.clients.helm import Capabilities, Live, Rendered, template
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import changes, crds, drift
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
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.objects import Object
from learnflow_infra.system import tasks

Render = Callable[[], Awaitable[Rendered]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The `desired` release beside the `observed` one.

    `diff` has the changes from the live manifest to the desired one, `findings` the live
    objects that differ from the live manifest.
    """

    prepared: Prepared
    observed: Observed
    desired: Rendered
    diff: Sequence[Change] = ()
    findings: Sequence[Finding] = ()

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
        return action_for(self.state, self.observed)


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
    for result in (observed, desired):
        if isinstance(result, ReleaseFailedError):
            raise explained(result, prepared.release, session.namespace) from result
        if isinstance(result, BaseException):
            raise result
    return await _comparison(session, prepared, observed, desired, render)  # type: ignore[arg-type]


async def _comparison(
    session: Session, prepared: Prepared, observed: Observed, desired: Rendered, render: Render
) -> Comparison:
    live = observed.live
    if live is None:
        diff = changes.diff({}, changes.by_key(desired.manifest.with_hooks))
        return Comparison(prepared=prepared, observed=observed, desired=desired, diff=diff)
    findings = await asyncio.to_thread(
        drift.find, session.kube, session.namespace, live.manifest.objects
    )
    diff = [] if live.manifest == desired.manifest else await _diff(live, desired, render)
    return Comparison(
        prepared=prepared, observed=observed, desired=desired, diff=diff, findings=findings
    )


async def _diff(live: Live, desired: Rendered, render: Render) -> list[Change]:
    """The changes from live to desired, without values that helm generates at each rendering."""
    old, first, second = (
        changes.by_key(item.manifest.with_hooks) for item in (live, desired, await render())
    )
    return changes.diff(old, changes.settled(old, first, second))


async def _render_offline(
    session: Session, prepared: Prepared, pending: Sequence[Object]
) -> Rendered:
    served = await asyncio.to_thread(capabilities, session.kube, pending)
    manifest = await template(
        prepared.installation, namespace=session.namespace, capabilities=served
    )
    return Rendered(manifest=manifest, values=prepared.computed.values)


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
