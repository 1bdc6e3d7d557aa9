"""Pure: the status of a Kubernetes object.

The rules are those of kstatus, and of `kubectl rollout status` where that is stricter. Unlike
in kstatus, a pod is in progress, not failed, when a container crashes or no node fits it: the
grace of its cause limits how long that may last.
Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
"""

from collections.abc import Callable, Mapping, Sequence

from learnflow_infra.fields import at, text
from learnflow_infra.masking import masked
from learnflow_infra.models import ReadyRule
from learnflow_infra.objects import Object
from learnflow_infra.readiness import strimzi, strimzi_specs
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.readiness.states import (
    State,
    Status,
    is_deleted,
    progress,
    terminating,
    unknown,
    unobserved,
)
from learnflow_infra.readiness.status import (
    cel_rules,
    cluster_scoped,
    conventions,
    network,
    pods,
    workloads,
)

__all__ = ["State", "Status", "compute", "evaluate"]


def compute(obj: Object, rules: Sequence[ReadyRule] = ()) -> Status:
    """The status of an object; never raises, whatever the object lacks.

    Args:
        obj: as the API server sends it.
        rules: of the release's skill; they take precedence over the built-in ones.
    """
    kind, group = text(obj, "kind"), group_of(text(obj, "apiVersion"))
    if not kind or not text(obj, "metadata", "name"):
        return unknown("not an object: it has no kind, or no name")
    if is_deleted(obj):
        return cluster_scoped.namespace(obj) if kind == "Namespace" else terminating(_deletion(obj))
    rule = cel_rules.find(obj, rules) or strimzi.rule(group, kind)
    if rule:
        return rule(obj)
    if unobserved(obj):
        return progress("its controller has not observed the newest spec yet")
    rules_by_kind = {} if is_custom(group) else _RULES
    return rules_by_kind.get(kind, conventions.compute)(obj)


def evaluate(
    objects: Sequence[Object], rules: Sequence[ReadyRule] = ()
) -> list[tuple[Object, Status]]:
    """Each object with its status; some depend on other objects, see `strimzi_specs.adjusted`."""
    adjusted = strimzi_specs.adjusted(objects)
    states = [(obj, adjusted.get(id(obj)) or compute(obj, rules)) for obj in objects]
    return [(obj, Status(state=s.state, message=masked(s.message))) for obj, s in states]


def _deletion(obj: Object) -> str:
    finalizers = at(obj, "metadata", "finalizers")
    names = ", ".join(map(str, finalizers)) if isinstance(finalizers, list) else ""
    return f"being deleted, waits for {names}" if names else "being deleted"


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
    "PersistentVolumeClaim": cluster_scoped.claim,
    "CustomResourceDefinition": cluster_scoped.definition,
    "APIService": cluster_scoped.api_service,
    "Namespace": cluster_scoped.namespace,
    "PodDisruptionBudget": cluster_scoped.disruption_budget,
    "HorizontalPodAutoscaler": cluster_scoped.autoscaler,
}
