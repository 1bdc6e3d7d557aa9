"""Pure: check that the quotas of a namespace allow as many pods as the manifests run.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota. Quotas with
scopes count some pods only, and are left to the API server.
"""

from collections.abc import Sequence

from learnflow_infra.checks import Check
from learnflow_infra.engine.gate.requests import Workload
from learnflow_infra.fields import part
from learnflow_infra.objects import Object
from learnflow_infra.quantities import quantity

_ENDING = ("Job/", "CronJob/")


def pods(quotas: Sequence[Object], workloads: Sequence[Workload], own: int) -> list[Check]:
    """Check that each quota allows the pods that run at once.

    Args:
        quotas: of the namespace.
        workloads: of its releases; Jobs, hooks and DaemonSets are not counted.
        own: pods of them that run already, whose place the others take.
    """
    lasting = (item for item in workloads if not (item.hook or item.everywhere))
    required = sum(item.count for item in lasting if not item.owner.startswith(_ENDING))
    return [
        _check(obj, key, required, own)
        for obj in quotas
        if required and not {"scopes", "scopeSelector"} & part(obj, "spec").keys()
        for key in ("pods", "count/pods")
        if key in part(obj, "spec", "hard")
    ]


def _check(quota: Object, key: str, required: int, own: int) -> Check:
    allowed = quantity(str(part(quota, "spec", "hard")[key]))
    others = max(0, quantity(str(part(quota, "status", "used").get(key, 0))) - own)
    name = quota["metadata"]["name"]
    text = f"ResourceQuota/{name} allows {allowed:.0f} {key}, {required} needed"
    return Check(
        name="quota",
        passed=required + others <= allowed,
        message=f"{text}, and others have {others:.0f}" if others else text,
        remedy="Raise the quota, or deploy fewer replicas.",
    )
