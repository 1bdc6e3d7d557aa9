"""Failed Jobs, stopped rollouts, blocked deletions, missing objects and missing rights."""

from collections.abc import Iterator

from learnflow_infra.clients.api_errors import ASK
from learnflow_infra.conditions import condition
from learnflow_infra.objects import Object, refer, reference
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.states import containers, ended, is_deleted, owner_uids, unobserved

_BUILT_IN = {
    "foregroundDeletion",
    "orphan",
    "kubernetes",
    "kubernetes.io/pv-protection",
    "resource.kubernetes.io/delete-protection",
    "customresourcecleanup.apiextensions.k8s.io",
    "kubernetes.io/pvc-protection",
    "service.kubernetes.io/load-balancer-cleanup",
    "batch.kubernetes.io/job-tracking",
}
"""Finalizers that Kubernetes removes by itself."""
_LATE = "ProgressDeadlineExceeded"
_WORKLOADS = {"pods", "statefulsets", "deployments", "replicasets", "jobs", "daemonsets"}


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each unready object of these kinds, each missing object, and missing rights."""
    yield from _denied(facts)
    for obj, status in facts.unready():
        if obj["kind"] == "Job" and status.state == "Failed":
            yield _job(facts, obj)
        elif obj["kind"] == "CustomResourceDefinition" and status.state == "Failed":
            yield _definition(obj, status.message)
        elif condition(obj, "Progressing").get("reason") == _LATE and not unobserved(obj):
            yield _rollout(facts, obj)
        elif (obj["apiVersion"], obj["kind"]) == ("v1", "Service") and _unserved(facts, obj):
            yield _balancer(facts, obj)
    for obj in facts.terminating():
        yield from _finalizers(facts, obj)
    yield from _scaled(facts)
    for name in facts.evidence.missing:
        remedy = "Deploy again; it creates what is missing."
        text = "it is in the manifest, but does not exist"
        yield Cause(code=Code.ObjectMissing, object=name, message=text, remedy=remedy)


def _scaled(facts: Facts) -> Iterator[Cause]:
    unready = {reference(obj): status.message for obj, status in facts.unready()}
    for name, number in facts.evidence.replicas.items():
        if name in unready:
            scale = f"kubectl -n {facts.evidence.namespace} scale {name} --replicas={number}"
            yield Cause(
                code=Code.ReplicasChanged,
                object=name,
                message=f"somebody scaled it: its manifest asks for {number} replicas",
                evidence=(unready[name],),
                remedy=f"Deploy again, or: {scale}",
            )


def _denied(facts: Facts) -> Iterator[Cause]:
    hidden = sorted(_WORKLOADS.intersection(facts.evidence.denied))
    if hidden:
        yield Cause(
            code=Code.RightsMissing,
            object=refer("Namespace", facts.evidence.namespace),
            message=f"this user may not read {', '.join(hidden)}",
            remedy=ASK,
        )


def _job(facts: Facts, job: Object) -> Cause:
    uid, failed = job["metadata"].get("uid"), condition(job, "Failed")
    why = failed.get("message") or failed.get("reason") or "its condition gives no reason"
    pods = [
        obj for obj, _ in facts.evidence.states if obj["kind"] == "Pod" and uid in owner_uids(obj)
    ]
    return Cause(
        code=Code.JobFailed,
        object=reference(job),
        message=f"the job failed: {why}",
        evidence=tuple(line for pod in pods[-1:] for line in _exits(facts, pod)),
        remedy="Correct what its log reports; the next deploy runs it again.",
    )


def _exits(facts: Facts, pod: Object) -> Iterator[str]:
    for item in containers(pod):
        code = ended(item).get("exitCode")
        if code:
            yield f"{reference(pod)} container {item['name']} ended with exit code {code}"
            yield from facts.log(pod, item["name"])


def _definition(obj: Object, why: str) -> Cause:
    return Cause(
        code=Code.ResourceRejected,
        object=reference(obj),
        message=f"the API server does not serve the CRD: {why}",
        remedy="See which CRD has the same names: kubectl get crds",
    )


def _rollout(facts: Facts, obj: Object) -> Cause:
    return Cause(
        code=Code.RolloutStuck,
        object=reference(obj),
        message=str(condition(obj, "Progressing").get("message") or "it made no progress in time"),
        remedy=f"kubectl -n {facts.evidence.namespace} describe {reference(obj)}",
    )


def _unserved(facts: Facts, service: Object) -> bool:
    """Whether no controller has touched it: one writes an event, or its finalizer, at once."""
    deleted = is_deleted(service)
    return not (deleted or facts.events(service) or service["metadata"].get("finalizers"))


def _balancer(facts: Facts, service: Object) -> Cause:
    where = f"kubectl -n {facts.evidence.namespace} describe {reference(service)}"
    return Cause(
        code=Code.LoadBalancerMissing,
        object=reference(service),
        message="nothing in the cluster gives Services of type LoadBalancer an address",
        evidence=(f"no controller has written an event about it: {where}",),
        remedy="Install a load balancer (MetalLB, a cloud's), run `minikube tunnel` on minikube, "
        "or choose the type NodePort or ClusterIP in your values.",
    )


def _finalizers(facts: Facts, obj: Object) -> Iterator[Cause]:
    left = [str(f) for f in obj["metadata"].get("finalizers") or () if f not in _BUILT_IN]
    if left:
        empty = '{"metadata":{"finalizers":null}}'
        where = f"kubectl -n {facts.evidence.namespace}"
        yield Cause(
            code=Code.FinalizerStuck,
            object=reference(obj),
            message=f"its deletion waits for the finalizer {', '.join(left)}",
            remedy="Let its operator run; if there is none any more: "
            f"{where} patch {reference(obj)} --type=merge -p '{empty}'",
        )
