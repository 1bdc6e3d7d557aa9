"""What is asked of a release, beside what is there; nothing is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from learnflow_infra.clients.helm import Capabilities, Live, template
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import crds, drift, manifests
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.manifests import Change
from learnflow_infra.engine.release.refusal import explained
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.objects import Object


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A release: `live` as helm has it, `wanted` as asked, and what the cluster has otherwise.

    `changes` are those of the manifests, `findings` those of the live objects.
    """

    prepared: Prepared
    live: Live | None
    wanted: Live
    changes: Sequence[Change]
    findings: Sequence[Finding]

    @property
    def upgrade(self) -> bool:
        """Helm has to install or upgrade."""
        missing = any(finding.state != "drifted" for finding in self.findings)
        return self.live is None or missing or not self._recorded

    @property
    def changed(self) -> bool:
        """A deploy would change something."""
        return self.upgrade or bool(self.findings)

    @property
    def _recorded(self) -> bool:
        return (
            self.live is not None
            and self.live.status == "deployed"
            and self.live.values == self.wanted.values
            and not self.changes
        )


async def compare_all(session: Session, prepared: Sequence[Prepared]) -> list[Comparison]:
    """Compare releases, all at once; nothing is changed.

    Raises:
        ReleaseFailedError: helm cannot render one.
        InputError: values do not meet a chart's schema.
    """
    pending = crds.missing(session.kube, [item.chart for item in prepared])
    work = (compare(session, item, pending) for item in prepared)
    return list(await asyncio.gather(*work))


async def compare(
    session: Session, prepared: Prepared, pending: Sequence[Object] = ()
) -> Comparison:
    """Compare one release.

    Args:
        session: the cluster.
        prepared: what is asked.
        pending: CRDs that are not in the cluster yet. A chart cannot be rendered by a
            server that does not know its kinds, so then helm renders it by itself.

    Raises:
        ReleaseFailedError: helm cannot render it.
        InputError: the values do not meet the chart's schema.
    """

    async def offline() -> Live:
        return await _offline(session, prepared, pending)

    async def by_server() -> Live:
        return await session.helm.render(prepared.installation)

    render = offline if pending else by_server
    live, wanted = await asyncio.gather(
        session.helm.live(prepared.release.name), render(), return_exceptions=True
    )
    if isinstance(live, Live) and live.cut_off:  # helm does not render for such a release
        render = offline
        wanted = await render()
    for result in (live, wanted):
        if isinstance(result, ReleaseFailedError):
            raise explained(result, prepared.release, session.namespace) from result
        if isinstance(result, BaseException):
            raise result
    return await _comparison(session, prepared, live, wanted, render)  # type: ignore[arg-type]


async def _comparison(
    session: Session,
    prepared: Prepared,
    live: Live | None,
    wanted: Live,
    render: Callable[[], Awaitable[Live]],
) -> Comparison:
    changes: list[Change] = []
    findings: list[Finding] = []
    if live is None:
        changes = manifests.changes({}, manifests.objects(_whole(wanted)))
    else:
        findings = await asyncio.to_thread(
            drift.look, session.kube, session.namespace, live.manifest
        )
        if _whole(live) != _whole(wanted):
            old, first = manifests.objects(_whole(live)), manifests.objects(_whole(wanted))
            again = manifests.objects(_whole(await render()))
            changes = manifests.changes(old, manifests.settled(old, first, again))
    return Comparison(
        prepared=prepared, live=live, wanted=wanted, changes=changes, findings=findings
    )


def _whole(live: Live) -> str:
    return "\n---\n".join((live.manifest, *live.hooks))


async def _offline(session: Session, prepared: Prepared, pending: Sequence[Object]) -> Live:
    told = await asyncio.to_thread(capabilities, session.kube, pending)
    manifest = await template(prepared.installation, namespace=session.namespace, capabilities=told)
    return Live(
        revision=1, status="pending-install", manifest=manifest, values=prepared.computed.values
    )


def capabilities(kube: Kube, pending: Sequence[Object]) -> Capabilities:
    """What the cluster offers, and what CRDs that are still to come will offer."""
    groups = kube.request("GET", "/apis")["groups"]
    served = [version["groupVersion"] for group in groups for version in group["versions"]]
    return Capabilities(
        kube_version=kube.request("GET", "/version")["gitVersion"],
        api_versions=tuple(dict.fromkeys([*served, *promised(pending)])),
    )


def promised(definitions: Sequence[Object]) -> tuple[str, ...]:
    """API versions, and their kinds, that CRDs will bring, as helm's `--api-versions` has them."""
    names = [
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
        for crd in definitions
        for version in crd["spec"]["versions"]
    ]
    return tuple(text for version, kind in names for text in (version, f"{version}/{kind}"))
