"""How much CPU, memory and storage the skills of a run demand."""

from collections.abc import Iterable

from learnflow_infra.engine.request.planning import Plan
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Foundation
from learnflow_infra.readiness.owned import INSTANCE


def of_absent_skills(session: Session, plan: Plan) -> Foundation:
    """The total demand of skills with a release that has no pods in the namespace."""
    pods = session.kube.items(f"/api/v1/namespaces/{session.namespace}/pods")
    present = {(pod["metadata"].get("labels") or {}).get(INSTANCE) for pod in pods}
    absent = {release.skill for release in plan.releases if release.name not in present}
    return total(skill.foundation for skill in plan.skills if skill.name in absent)


def total(demands: Iterable[Foundation]) -> Foundation:
    """The sum of several demands."""
    items = list(demands)
    return Foundation(
        cpu=sum(item.cpu for item in items),
        memory=sum(item.memory for item in items),
        storage=sum(item.storage for item in items),
    )
