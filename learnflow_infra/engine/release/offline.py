"""Render a release without helm's own checks, which need the release and every kind."""

import asyncio
from collections.abc import Sequence

from learnflow_infra.clients.helm import Capabilities
from learnflow_infra.clients.helm_output import Rendered
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.objects import Object


async def render_offline(
    session: Session, prepared: Prepared, pending: Sequence[Object]
) -> Rendered:
    """Render without the release that exists; `pending` are CRDs that are not served yet.

    Raises:
        ReleaseFailedError: helm cannot render it.
        InputError: the values do not meet the chart's schema.
    """
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
