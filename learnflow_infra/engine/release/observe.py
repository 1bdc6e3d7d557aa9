"""A release as it is now: as helm has it, and what it owns in the cluster."""

import asyncio

from learnflow_infra import documents
from learnflow_infra.clients.helm import Live
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release
from learnflow_infra.readiness.owned import expected
from learnflow_infra.readiness.view import View


def look(session: Session, release: Release) -> tuple[Live | None, View]:
    """A release as helm has it, and what it owns."""
    live = asyncio.run(session.helm.live(release.name))
    view = View(session.kube, session.watches, session.namespace, release)
    view.expect(expected(documents.parse_all(live.manifest) if live else ()))
    return live, view
