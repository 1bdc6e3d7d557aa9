"""Pure: a Kubernetes object to its status.

The rules are those of kstatus, and of `kubectl rollout status` where it is stricter. Other
than in kstatus, a container that crashes and a pod that no node takes are in progress: the
policies of their causes decide how long that may last.
Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
"""

from collections.abc import Callable, Mapping, Sequence

from learnflow_infra.masking import masked
from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object
from learnflow_infra.readiness import strimzi
from learnflow_infra.readiness.groups import is_custom
from learnflow_infra.readiness.states import (
    State,
    Status,
    at,
    behind,
    condition,
    progress,
    terminating,
    text,
    unknown,
)
from learnflow_infra.readiness.status import (
    cel_rules,
    cluster,
    conventions,
    network,
    pods,
    workloads,
)

__all__ = ["State", "Status", "compute", "condition", "evaluate"]


def compute(obj: Object, rules: Sequence[ReadyRule] = ()) -> Status:
    """The status of an object; never raises, whatever the object lacks.

    Args:
        obj: as the API server sends it.
        rules: of the release's skill; the first for the object's kind replaces ours.
    """
    kind, group = text(obj, "kind"), text(obj, "apiVersion").rpartition("/")[0]
    if not kind or not text(obj, "metadata", "name"):
        return unknown("not an object: it has no kind, or no name")
    if text(obj, "metadata", "deletionTimestamp"):
        return cluster.namespace(obj) if kind == "Namespace" else terminating(_deletion(obj))
    rule = cel_rules.find(obj, rules) or strimzi.rule(group, kind)
    if rule:
        return rule(obj)
    if behind(obj):
        return progress("its controller has not seen the newest spec yet")
    known = {} if is_custom(group) else _RULES
    return known.get(kind, conventions.compute)(obj)


def evaluate(
    objects: Sequence[Object], rules: Sequence[ReadyRule] = ()
) -> list[tuple[Object, Status]]:
    """Each object with its status, as the others around it let it be seen."""
    outdated = strimzi.outdated(objects)
    late = progress("its operator has not carried the newest spec to it yet")
    found = [
        (obj, late if any(obj is one for one in outdated) else compute(obj, rules))
        for obj in objects
    ]
    return [(obj, Status(state=s.state, message=masked(s.message))) for obj, s in found]


def _deletion(obj: Object) -> str:
    waits = at(obj, "metadata", "finalizers")
    words = ", ".join(map(str, waits)) if isinstance(waits, list) else ""
    return f"being deleted, waits for {words}" if words else "being deleted"


_RULES: Mapping[str, Callable[[Object], Status]] = {
    "Pod": pods.pod,
    "Job": pods.job,
    "CronJob": pods.cron_job,
    "Deployment": workloads.deployment,
    "StatefulSet": workloads.stateful_set,
    "DaemonSet": workloads.daemon_set,
    "ReplicaSet": workloads.replica_set,
    "ReplicationController": workloads.replica_set,
    "Service": network.service,
    "Endpoints": network.endpoints,
    "EndpointSlice": network.endpoint_slice,
    "Ingress": network.ingress,
    "PersistentVolumeClaim": cluster.claim,
    "CustomResourceDefinition": cluster.definition,
    "APIService": cluster.api_service,
    "Namespace": cluster.namespace,
    "PodDisruptionBudget": cluster.disruption_budget,
    "HorizontalPodAutoscaler": cluster.autoscaler,
}
