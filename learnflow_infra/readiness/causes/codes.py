"""What is done about each cause: how long it may heal, and which class of error it ends in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.errors import (
    ArtifactError,
    FoundationError,
    LearnflowError,
    NotReadyError,
    ReleaseFailedError,
)
from learnflow_infra.models import DeclaredCause

NEVER = math.inf
"""Grace of what is told, but fails no deploy by itself: the release's timeout does."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a code stands for; `error` has the exit code, `grace` is in seconds."""

    code: str
    about: str
    error: type[LearnflowError]
    grace: float


def _of(error: type[LearnflowError], *rows: tuple[str, float, str]) -> list[Policy]:
    return [Policy(code=code, about=about, error=error, grace=grace) for code, grace, about in rows]


_ALL = [
    *_of(
        ArtifactError,
        ("ImageNameInvalid", 0, "the image's name is no reference"),
        ("ImageTagRemoved", 5, "the image was removed from its registry by who published it"),
        ("ImageNotFound", 5, "the registry has no such image or tag"),
        ("ImageNotAuthorized", 10, "the registry refuses these credentials, or has none"),
        ("ImageRateLimited", 300, "the registry takes no more pulls for a while"),
        ("ImageRegistryUnreachable", 60, "the node does not reach the registry"),
        ("ImageNeverPulled", 10, "the node lacks the image, and is told not to pull it"),
    ),
    *_of(
        FoundationError,
        ("NodeNotReady", 60, "a node does not answer"),
        ("NodePressure", 60, "a node is short of disk, memory or process ids"),
        ("ClaimNoStorageClass", 10, "a claim names no storage class that exists"),
        ("ClaimNoProvisioner", 60, "nothing makes volumes of the claim's storage class"),
        ("PodUnschedulableCpu", 60, "no node has enough CPU left"),
        ("PodUnschedulableMemory", 60, "no node has enough memory left"),
        ("PodUnschedulableNodeSelector", 30, "no node has the labels that the pod asks for"),
        ("PodUnschedulableTaint", 30, "no node without a taint that the pod does not tolerate"),
        ("PodUnschedulableAffinity", 30, "no node satisfies the pod's (anti-)affinity"),
        ("PodUnschedulable", 60, "no node takes the pod"),
    ),
    *_of(
        ReleaseFailedError,
        ("QuotaExceeded", 10, "a quota of the namespace is used up"),
        ("PodSecurityViolation", 10, "the namespace's pod security standard forbids the pod"),
        ("AdmissionWebhookUnreachable", 30, "an admission webhook does not answer"),
        ("AdmissionDenied", 10, "an admission webhook or policy refuses the object"),
        ("ResourceRejected", 0, "the API server refuses the object as it is written"),
        ("OperatorNotRunning", 30, "the operator of a custom resource does not run"),
        ("OperatorRefused", 10, "the operator says that the custom resource is wrong"),
        ("HookFailed", 0, "a hook of the chart failed"),
        ("RightsMissing", 10, "this user may not do or see what a deploy needs"),
    ),
    *_of(
        NotReadyError,
        ("ContainerOutOfMemory", 30, "a container needed more memory than its limit"),
        ("ContainerCannotStart", 30, "a container's command cannot be started"),
        ("ContainerCrashed", 60, "a container ends by itself, again and again"),
        ("InitContainerStuck", 120, "an init container does not come to its end"),
        ("ProbeFailing", 180, "a container runs, and its probe is not answered as it should be"),
        ("MissingConfigMap", 30, "a pod needs a ConfigMap, or a key of one, that is not there"),
        ("MissingSecret", 30, "a pod needs a Secret, or a key of one, that is not there"),
        ("VolumeMountFailed", 60, "a volume cannot be mounted"),
        ("VolumeAttachFailed", 120, "a volume cannot be attached to the node"),
        ("ClaimPending", NEVER, "a claim has no volume yet"),
        ("PodEvicted", 60, "the node threw the pod out"),
        ("JobFailed", 0, "a job has used up its attempts"),
        ("OperatorSilent", NEVER, "the operator has not acted on a custom resource yet"),
        ("FinalizerStuck", 60, "an object that is deleted waits for a finalizer"),
        ("ObjectMissing", 60, "the manifest names an object that is not there"),
        ("ReleaseMissing", NEVER, "the release is not installed"),
        ("ReleaseNotDeployed", NEVER, "an operation on the release failed or was cut off"),
        ("NotReady", NEVER, "it is not ready, and nothing tells why"),
    ),
]
POLICIES: Mapping[str, Policy] = {policy.code: policy for policy in _ALL}


def policy(code: str, grace: Mapping[str, float], declared: Sequence[DeclaredCause] = ()) -> Policy:
    """The policy of a code: the project's or the skill's own, with the skill's grace."""
    own = next((item for item in declared if item.code == code), None)
    found = POLICIES.get(code) or Policy(
        code=code,
        about=own.message if own else "",
        error=NotReadyError,
        grace=own.grace if own else NEVER,
    )
    seconds = grace.get(code, found.grace)
    return Policy(code=code, about=found.about, error=found.error, grace=seconds)
