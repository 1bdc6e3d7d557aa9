"""The codes of causes, each with its grace and the class of error that it ends in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Self

from learnflow_infra.errors import (
    ArtifactError,
    FoundationError,
    LearnflowError,
    NotReadyError,
    ReleaseFailedError,
    VerificationError,
)
from learnflow_infra.models import DeclaredCause

NEVER = math.inf
"""Grace of a cause that is reported, but never ends a wait: the release's timeout does."""
_IMAGE, _FOUNDATION = ArtifactError, FoundationError
_REFUSED, _UNREADY = ReleaseFailedError, NotReadyError


class Code(StrEnum):
    """The built-in causes, in the order of rank: a root comes before its symptoms.

    `error` has the exit code, `grace` is in seconds, `about` is half a sentence for people.
    """

    error: type[LearnflowError]
    grace: float
    about: str

    def __new__(cls, code: str, error: type[LearnflowError], grace: float, about: str) -> Self:
        """A member with its error, grace and text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.error, member.grace, member.about = error, grace, about
        return member

    @staticmethod
    def _generate_next_value_(name: str, *_: Any) -> str:
        return name

    ClaimReplaced = auto(), VerificationError, NEVER, "a claim was replaced: its data are gone"
    ClaimBeingDeleted = auto(), _UNREADY, 10, "a claim is being deleted: its data go with its pod"
    RightsMissing = auto(), _FOUNDATION, 10, "this user may not read or create what a deploy needs"
    NodeNotReady = auto(), _FOUNDATION, 60, "a node does not answer"
    NodePressure = auto(), _FOUNDATION, 60, "a node is short of disk, memory or process ids"
    OperatorNotRunning = auto(), _REFUSED, 30, "the operator of a custom resource does not run"
    NamespaceBeingDeleted = auto(), _REFUSED, 10, "the namespace of a release is being deleted"
    QuotaExceeded = auto(), _REFUSED, 10, "a quota or limit of the namespace forbids the object"
    PodSecurityViolation = auto(), _REFUSED, 10, "the namespace's pod security standard forbids it"
    AdmissionWebhookUnreachable = auto(), _REFUSED, 30, "an admission webhook does not answer"
    AdmissionDenied = auto(), _REFUSED, 10, "an admission webhook or policy refuses the object"
    MissingServiceAccount = auto(), _REFUSED, 30, "pods need a ServiceAccount that is absent"
    ResourceKindUnknown = auto(), _REFUSED, 0, "the cluster lacks the CRD of a kind"
    ResourceRejected = auto(), _REFUSED, 10, "the API server refuses an object as it is written"
    OperatorRefused = auto(), _REFUSED, 10, "the operator rejects a custom resource"
    ClaimNoStorageClass = auto(), _FOUNDATION, 10, "a claim's storage class does not exist"
    ClaimNoProvisioner = auto(), _FOUNDATION, 60, "nothing provisions volumes of a storage class"
    LoadBalancerMissing = auto(), _FOUNDATION, 20, "nothing serves Services of type LoadBalancer"
    ImageNameInvalid = auto(), _IMAGE, 0, "the name of an image is not valid"
    ImageTagRemoved = auto(), _IMAGE, 5, "the publisher removed an image"
    ImageNotFound = auto(), _IMAGE, 5, "the registry has no such image or tag"
    ImageNotAuthorized = auto(), _IMAGE, 10, "the registry requires other credentials"
    ImageRateLimited = auto(), _IMAGE, 300, "the registry limits how often images are pulled"
    ImageRegistryUnreachable = auto(), _IMAGE, 60, "the node does not reach the registry"
    ImageNeverPulled = auto(), _IMAGE, 10, "an image is not on the node, and may not be pulled"
    ImagePullFailed = auto(), _IMAGE, 60, "an image cannot be pulled"
    MissingConfigMap = auto(), _UNREADY, 30, "a pod lacks a ConfigMap, or a key in one"
    MissingSecret = auto(), _UNREADY, 30, "a pod lacks a Secret, or a key in one"
    VolumeMountFailed = auto(), _UNREADY, 60, "a volume cannot be mounted"
    VolumeAttachFailed = auto(), _UNREADY, 120, "a volume cannot be attached to the node"
    PodUnschedulableCpu = auto(), _FOUNDATION, 60, "no node has enough CPU left"
    PodUnschedulableMemory = auto(), _FOUNDATION, 60, "no node has enough memory left"
    PodUnschedulableNodeSelector = auto(), _FOUNDATION, 30, "no node has the labels of a selector"
    PodUnschedulableTaint = auto(), _FOUNDATION, 30, "every node has a taint that keeps pods off"
    PodUnschedulableAffinity = auto(), _FOUNDATION, 30, "no node satisfies a pod's affinity rules"
    PodUnschedulable = auto(), _FOUNDATION, 60, "no node fits a pod"
    PodEvicted = auto(), _UNREADY, 60, "the node evicted, ended or refused a pod"
    ContainerOutOfMemory = auto(), _UNREADY, 30, "a container needed more memory than its limit"
    ContainerCannotStart = auto(), _UNREADY, 60, "a container or its sandbox cannot be started"
    ContainerCrashed = auto(), _UNREADY, 60, "a container ends again and again"
    ProbeFailing = auto(), _UNREADY, 180, "a container runs, but fails its probe"
    HookFailed = auto(), _REFUSED, 0, "a hook of the chart failed"
    JobFailed = auto(), _UNREADY, 0, "a job has used up its attempts"
    RolloutStuck = auto(), _UNREADY, 60, "a rollout made no progress within its own deadline"
    InitContainerStuck = auto(), _UNREADY, 180, "an init container does not end"
    FinalizerStuck = auto(), _UNREADY, 60, "the deletion of an object waits for a finalizer"
    OperatorSilent = auto(), _UNREADY, NEVER, "an operator has not acted on a custom resource yet"
    ReplicasChanged = auto(), _UNREADY, 60, "somebody scaled an object that the manifest counts"
    ObjectMissing = auto(), _UNREADY, 60, "an object of the manifest does not exist"
    ClaimPending = auto(), _UNREADY, NEVER, "a claim has no volume yet"
    SecretChanged = auto(), VerificationError, NEVER, "a Secret was changed since it was verified"
    VerificationFailed = auto(), VerificationError, NEVER, "the last verification failed"
    ReleaseMissing = auto(), _UNREADY, NEVER, "the release is not installed"
    ReleaseNotDeployed = auto(), _UNREADY, NEVER, "a change of the release failed or was cut off"
    NotReady = auto(), _UNREADY, NEVER, "it is not ready yet, for no known reason"


class DeclaredCode(str):
    """The code of a cause that a skill declares."""

    __slots__ = ()


CauseCode = Code | DeclaredCode


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a wait does about a cause; `error` has the exit code, `grace` is in seconds."""

    code: CauseCode
    error: type[LearnflowError]
    grace: float
    about: str


def policy(
    code: CauseCode, grace: Mapping[str, float], declared: Sequence[DeclaredCause] = ()
) -> Policy:
    """The policy for a cause.

    Args:
        code: a `Code`, or the code of a declared cause.
        grace: seconds by code, as a skill sets them.
        declared: causes of the skill.

    Raises:
        LookupError: the code is neither built in nor declared.
    """
    if isinstance(code, Code):
        seconds = grace.get(code, code.grace)
        return Policy(code=code, error=code.error, grace=seconds, about=code.about)
    for cause in declared:
        if cause.code == code:
            seconds = grace.get(code, cause.grace)
            return Policy(code=code, error=NotReadyError, grace=seconds, about=cause.message)
    raise LookupError(f"{code} is neither a built-in cause nor one that the skill declares")


_RANKS: Mapping[str, int] = {code: rank for rank, code in enumerate(Code)}


def rank(code: CauseCode) -> int:
    """The rank of a code; a declared cause comes before the symptoms of containers."""
    return _RANKS.get(code, _RANKS[Code.ContainerOutOfMemory])
