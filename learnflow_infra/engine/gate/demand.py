"""What the skills that are not there yet ask of the cluster."""

from learnflow_infra.engine.gate.capacity import total
from learnflow_infra.engine.request.session import Request, Session
from learnflow_infra.models import Foundation
from learnflow_infra.readiness.owned import INSTANCE


def needed(session: Session, request: Request) -> Foundation:
    """What the skills that are not there yet ask of the cluster."""
    pods = session.kube.items(f"/api/v1/namespaces/{session.namespace}/pods")
    present = {pod["metadata"].get("labels", {}).get(INSTANCE) for pod in pods}
    absent = [
        skill.foundation
        for skill in request.skills
        if not all(release.name in present for release in skill.releases)
    ]
    return total(absent)
