"""Pure: what the manifests of releases demand of a cluster, or of the machine that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from learnflow_infra.engine.gate.capacity import total
from learnflow_infra.engine.gate.claims import Claim, claims
from learnflow_infra.engine.gate.requests import Workload, workloads
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.owned import INSTANCE


@dataclass(frozen=True, kw_only=True)
class Demand:
    """The pods and claims of releases; `values` of each release are for remedies."""

    workloads: Sequence[Workload] = ()
    claims: Sequence[Claim] = ()
    values: Mapping[ReleaseName, Fields] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        """Cores that all pods request."""
        return total(self.workloads).get("cpu", 0.0)

    @property
    def memory(self) -> int:
        """Bytes that all pods request."""
        return int(total(self.workloads).get("memory", 0))

    @property
    def storage(self) -> int:
        """Bytes of all claims."""
        return int(sum(item.size * item.count for item in self.claims))

    def owns(self, pod: Object, namespace: str) -> bool:
        """Whether a pod is one of these workloads, whose place its successor may take."""
        meta = pod["metadata"]
        labels = meta.get("labels") or {}
        return meta.get("namespace") == namespace and any(
            labels.get(INSTANCE) == item.release
            or (item.selector and item.selector.items() <= labels.items())
            for item in self.workloads
        )


def demand(
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields] | None = None,
) -> Demand:
    """The demand of the rendered objects of releases."""
    return Demand(
        workloads=[w for name, objects in manifests.items() for w in workloads(name, objects)],
        claims=[c for name, objects in manifests.items() for c in claims(name, objects)],
        values=values or {},
    )
