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
    error: type[LearnflowError]
    grace: float
    about: str


_IMAGE, _FOUNDATION = ArtifactError, FoundationError
_REFUSED, _UNREADY = ReleaseFailedError, NotReadyError
_ROWS: tuple[tuple[str, type[LearnflowError], float, str], ...] = (
    ("RightsMissing", _REFUSED, 10, "this user may not see or make what a deploy needs"),
    ("NodeNotReady", _FOUNDATION, 60, "a node does not answer"),
    ("NodePressure", _FOUNDATION, 60, "a node is short of disk, memory or process ids"),
    ("OperatorNotRunning", _REFUSED, 30, "the operator of a custom resource does not run"),
    ("QuotaExceeded", _REFUSED, 10, "a quota or limit of the namespace forbids the object"),
    ("PodSecurityViolation", _REFUSED, 10, "the namespace's pod security standard forbids it"),
    ("AdmissionWebhookUnreachable", _REFUSED, 30, "an admission webhook does not answer"),
    ("AdmissionDenied", _REFUSED, 10, "an admission webhook or policy refuses the object"),
    ("MissingServiceAccount", _REFUSED, 30, "pods need a ServiceAccount that is not there"),
    ("ResourceKindUnknown", _REFUSED, 0, "the cluster does not know a kind: its CRD is missing"),
    ("ResourceRejected", _REFUSED, 10, "the API server refuses an object as it is written"),
    ("OperatorRefused", _REFUSED, 10, "the operator says that a custom resource is wrong"),
    ("ClaimNoStorageClass", _FOUNDATION, 10, "a claim's storage class does not exist"),
    ("ClaimNoProvisioner", _FOUNDATION, 60, "nothing makes volumes of a claim's storage class"),
    ("ImageNameInvalid", _IMAGE, 0, "an image's name is no reference"),
    ("ImageTagRemoved", _IMAGE, 5, "an image was removed by who published it"),
    ("ImageNotFound", _IMAGE, 5, "the registry has no such image or tag"),
    ("ImageNotAuthorized", _IMAGE, 10, "the registry wants other credentials"),
    ("ImageRateLimited", _IMAGE, 300, "the registry takes no more pulls for a while"),
    ("ImageRegistryUnreachable", _IMAGE, 60, "the node does not reach the registry"),
    ("ImageNeverPulled", _IMAGE, 10, "the node lacks an image, and is told not to pull it"),
    ("ImagePullFailed", _IMAGE, 60, "an image cannot be pulled"),
    ("MissingConfigMap", _UNREADY, 30, "a pod needs a ConfigMap, or a key of it, that is missing"),
    ("MissingSecret", _UNREADY, 30, "a pod needs a Secret, or a key of it, that is missing"),
    ("VolumeMountFailed", _UNREADY, 60, "a volume cannot be mounted"),
    ("VolumeAttachFailed", _UNREADY, 120, "a volume cannot be attached to the node"),
    ("PodUnschedulableCpu", _FOUNDATION, 60, "no node has enough CPU left"),
    ("PodUnschedulableMemory", _FOUNDATION, 60, "no node has enough memory left"),
    ("PodUnschedulableNodeSelector", _FOUNDATION, 30, "no node has the labels that a pod wants"),
    ("PodUnschedulableTaint", _FOUNDATION, 30, "every node has a taint that keeps a pod off"),
    ("PodUnschedulableAffinity", _FOUNDATION, 30, "no node satisfies a pod's affinity rules"),
    ("PodUnschedulable", _FOUNDATION, 60, "no node takes a pod"),
    ("PodEvicted", _UNREADY, 60, "the node threw a pod out"),
    ("ContainerOutOfMemory", _UNREADY, 30, "a container needed more memory than its limit"),
    ("ContainerCannotStart", _UNREADY, 30, "a container's command cannot be started"),
    ("ContainerCrashed", _UNREADY, 60, "a container ends, again and again"),
    ("ProbeFailing", _UNREADY, 180, "a container runs, but fails its probe"),
    ("HookFailed", _REFUSED, 0, "a hook of the chart failed"),
    ("JobFailed", _UNREADY, 0, "a job has used up its attempts"),
    ("RolloutStuck", _UNREADY, 60, "a rollout made no progress within its own deadline"),
    ("InitContainerStuck", _UNREADY, 180, "an init container does not come to its end"),
    ("FinalizerStuck", _UNREADY, 60, "an object that is deleted waits for its finalizer"),
    ("OperatorSilent", _UNREADY, NEVER, "an operator has not acted on a custom resource yet"),
    ("ObjectMissing", _UNREADY, 60, "the manifest names an object that is not there"),
    ("ClaimPending", _UNREADY, NEVER, "a claim has no volume yet"),
    ("ReleaseMissing", _UNREADY, NEVER, "the release is not installed"),
    ("ReleaseNotDeployed", _UNREADY, NEVER, "an operation on the release failed or was cut off"),
    ("NotReady", _UNREADY, NEVER, "it is not ready yet, and nothing says why"),
)
POLICIES: Mapping[str, Policy] = {
    code: Policy(code=code, error=error, grace=grace, about=about)
    for code, error, grace, about in _ROWS
}
"""By code, in the order of rank: what is nearer the root comes before its symptoms."""


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


_RANKS = {code: rank for rank, code in enumerate(POLICIES)}


def rank(code: str) -> int:
    """The place of a code among the others; a skill's own comes before what it explains."""
    return _RANKS.get(code, _RANKS["ContainerOutOfMemory"])
