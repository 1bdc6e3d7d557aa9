"""Whether the API server would admit the pods of releases: dry runs of pods.

A controller creates the pods, so helm does not learn of a refusal: an upgrade would end the
pods that run, and no new pod would start.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from learnflow_infra.clients import api_paths, dry_run
from learnflow_infra.clients.api_errors import ApiError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.objects import Fields, Object, PodSpec, Reference, refer
from learnflow_infra.pod_specs import pod_templates, replicas
from learnflow_infra.readiness import causes
from learnflow_infra.readiness.causes import Code

_NAMED: Mapping[str, str] = {
    "PriorityClass": "priorityClassName",
    "RuntimeClass": "runtimeClassName",
    "ServiceAccount": "serviceAccountName",
}
"""The fields by which a pod names objects that have to exist before it, by their kind."""
_DECIDED = {
    Code.PodSecurityViolation,
    Code.AdmissionDenied,
    Code.MissingServiceAccount,
    Code.ResourceRejected,
    Code.QuotaExceeded,
}
"""Refusals that stay."""
_PASSING = re.compile(r"exceeded quota|(?:insufficient|status unknown for) quota")
"""Words of refusals for a quota that can be free again once the pods that run have ended."""
_LIMITS = ("LimitRange/", "ResourceQuota/")
"""Where a run brings one, limits and defaults may be others when the pods are created."""
_ELSEWHERE = {Code.ResourceRejected}
"""Refusals that do not depend on the namespace."""
SUBSTITUTE = "default"
"""The namespace in which objects are tried whose own does not exist yet."""
_FORBIDDEN = 403


def fault(kube: Kube, namespace: str, obj: Object, new: Collection[Reference]) -> str:
    """Why the API server would refuse the pods of a workload; "" if it would not.

    Args:
        kube: the cluster.
        namespace: of an object that names none.
        obj: as in a `Manifest`.
        new: all objects of the run; pods may name them though they do not exist yet.
    """
    namespace = obj["metadata"].get("namespace", namespace)
    limited = any(name.startswith(_LIMITS) for name in new)
    decided = _DECIDED - {Code.QuotaExceeded} if limited else _DECIDED
    for pod in pods(obj, new):
        try:
            text = _refusal(kube, namespace, pod, decided)
        except NotFoundError:  # the namespace will be created
            text = _refusal(kube, SUBSTITUTE, pod, _ELSEWHERE)
        if text:
            return text
    return ""


def _refusal(kube: Kube, namespace: str, pod: Object, decided: Collection[Code]) -> str:
    try:
        dry_run.create(kube, f"{api_paths.pods(namespace)}/", pod)
    except NotFoundError:
        raise
    except ApiError as error:
        cause = causes.from_refusal(error.message)
        if cause is None or cause.code not in decided or _PASSING.search(error.message):
            return ""
        if cause.code == Code.MissingServiceAccount and "serviceAccountName" not in pod["spec"]:
            return ""  # a controller makes the default one
        invalid = cause.code == Code.ResourceRejected and error.status != _FORBIDDEN
        return "" if invalid else error.message
    return ""


def pods(obj: Object, new: Collection[Reference]) -> Iterator[Object]:
    """The pods that a controller would create for a workload, without what the run creates."""
    if obj["kind"] == "Pod" or replicas(obj) == 0:
        return
    for template in pod_templates(obj):
        metadata = {**template["metadata"], "generateName": f"{obj['metadata']['name']}-"}
        spec = _without(template["spec"], new)
        volumes = [*(spec.get("volumes") or ()), *_claimed(obj)]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,  # type: ignore[typeddict-item]
            "spec": {**spec, "volumes": volumes},
        }


def _without(spec: PodSpec, new: Collection[Reference]) -> Fields:
    """A specification without the names of objects that the run creates."""
    made = {field for kind, field in _NAMED.items() if refer(kind, str(spec.get(field))) in new}
    return {key: value for key, value in spec.items() if key not in made}


def _claimed(obj: Object) -> Iterator[Fields]:
    """The volumes that a StatefulSet adds to its pods."""
    for claim in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
        name = claim["metadata"]["name"]
        yield {"name": name, "persistentVolumeClaim": {"claimName": name}}
