"""Claims without a volume, and volumes that cannot be attached or mounted."""

from collections.abc import Iterator, Sequence

from learnflow_infra.fields import at, text
from learnflow_infra.masking import masked
from learnflow_infra.objects import Object, reference
from learnflow_infra.readiness.causes.absent_config import absent_config, names_absent_config
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import Code
from learnflow_infra.readiness.causes.facts import Facts, message_of
from learnflow_infra.readiness.mounted import mounted
from learnflow_infra.readiness.states import is_deleted, sandbox_made

_DEFAULTS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
"""Source: pkg/volume/util/storageclass.go of Kubernetes, which still reads both."""
_SUMMARY = "Unable to attach or mount volumes"
"""The kubelet repeats it every two minutes beside the message that has the reason."""


def explain(facts: Facts) -> Iterator[Cause]:
    """A cause for each claim that is pending, and each pod whose volumes cannot be mounted."""
    for claim, _ in facts.unready("PersistentVolumeClaim"):
        phase = text(claim, "status", "phase", default="Pending")
        pods = [pod for pod in facts.objects("Pod") if mounted([pod], [claim])]
        if pods and is_deleted(claim):
            yield _deleted(facts, claim, pods)
        elif phase == "Pending":
            yield from _claim(facts, claim)
        elif phase == "Lost":
            yield _lost(facts, claim)
    for pod, _ in facts.unready("Pod"):
        if not sandbox_made(pod):  # the kubelet mounts before it creates the sandbox
            yield from _mount(facts, pod)


def _claim(facts: Facts, claim: Object) -> Iterator[Cause]:
    name = at(claim, "spec", "storageClassName")
    classes = {item["metadata"]["name"]: item for item in facts.surroundings("StorageClass")}
    readable = "storageclasses" not in facts.evidence.denied
    if name and readable and name not in classes and not _names_volume(claim):
        yield _no_class(claim, f"its storage class {name} does not exist", classes)
    elif name is None and readable and not any(map(_is_default, classes.values())):
        yield _no_class(claim, "it names no storage class, and the cluster has no default", classes)
    elif _without_provisioner(facts, claim):
        yield _not_provisioned(facts, claim)
    elif not facts.events(claim, "WaitForFirstConsumer") or facts.events(claim, "FailedBinding"):
        message = facts.newest(claim, "FailedBinding", "VolumeMismatch", "Provisioning")
        yield Cause(
            code=Code.ClaimPending,
            object=reference(claim),
            message=f"it has no volume yet{': ' + masked(message) if message else ''}",
            remedy="See the volumes: kubectl get pv",
        )


def _without_provisioner(facts: Facts, claim: Object) -> bool:
    """Whether the provisioner fails, or has never answered: it writes an event when it begins."""
    waits = bool(facts.events(claim, "ExternalProvisioning"))
    begun = bool(facts.events(claim, "Provisioning"))
    return bool(facts.events(claim, "ProvisioningFailed")) or (waits and not begun)


def _not_provisioned(facts: Facts, claim: Object) -> Cause:
    """A provisioner that refuses or fails writes why; one that is silent may not run.

    The controller's event "waiting" is repeated all the time, and says less than a refusal. A
    StatefulSet makes a deleted claim again as its template says, so that is corrected first.
    """
    refusal = facts.newest(claim, "ProvisioningFailed")
    message = refusal or facts.newest(claim, "ExternalProvisioning")
    storage_class = text(claim, "spec", "storageClassName")
    remedy = f"See whether the provisioner of {storage_class} runs: kubectl get pods -A"
    if refusal:
        remedy = (
            "If it cannot be served, deploy correct values with --allow-recreate, and then delete "
            f"the claim, which has no data yet: kubectl -n {facts.evidence.namespace} delete pvc "
            f"{claim['metadata']['name']}"
        )
    return Cause(
        code=Code.ClaimNoProvisioner,
        object=reference(claim),
        message=f"no volume is provisioned for it: {masked(message)}",
        remedy=remedy,
    )


def _lost(facts: Facts, claim: Object) -> Cause:
    message = facts.newest(claim, "ClaimLost")
    volume = text(claim, "spec", "volumeName")
    return Cause(
        code=Code.VolumeMountFailed,
        object=reference(claim),
        message=f"its volume {volume} is lost",
        evidence=(f"controller: {masked(message)}",) if message else (),
        remedy=f"See whether the volume can be restored: kubectl get pv {volume}",
    )


def _deleted(facts: Facts, claim: Object, pods: Sequence[Object]) -> Cause:
    names = " ".join(map(reference, pods))
    return Cause(
        code=Code.ClaimBeingDeleted,
        object=reference(claim),
        message=f"it is being deleted: its data go as soon as {names} ends",
        remedy="Save its data first (pg_dump, or copy the files out of the pod). Then delete: "
        f"kubectl -n {facts.evidence.namespace} delete {names}",
    )


def _names_volume(claim: Object) -> bool:
    """Whether it names its volume: its class then needs no StorageClass object."""
    return bool(at(claim, "spec", "volumeName"))


def _is_default(storage_class: Object) -> bool:
    return any(text(storage_class, "metadata", "annotations", k) == "true" for k in _DEFAULTS)


def _no_class(claim: Object, message: str, classes: dict[str, Object]) -> Cause:
    names = ", ".join(sorted(classes)) or "none"
    return Cause(
        code=Code.ClaimNoStorageClass,
        object=reference(claim),
        message=message,
        evidence=(f"storage classes: {names}",),
        remedy="Name one that exists in your values (persistence.storageClass, global.storageClass)"
        "; a claim that exists keeps its class until it is deleted.",
    )


def _mount(facts: Facts, pod: Object) -> Iterator[Cause]:
    attaches = facts.events(pod, "FailedAttachVolume", "SuccessfulAttachVolume")[-1:]
    failed = [event for event in attaches if event.get("reason") == "FailedAttachVolume"]
    attach = message_of(failed[0]) if failed else ""
    messages = [message_of(event) for event in facts.events(pod, "FailedMount", "FailedMapVolume")]
    specific = [message for message in messages if not message.startswith(_SUMMARY)]
    mount = (specific or messages or [""])[-1]
    if mount and names_absent_config(mount):
        yield absent_config(facts, pod, mount)
    elif attach or mount:
        what = "attached" if attach else "mounted"
        yield Cause(
            code=Code.VolumeAttachFailed if attach else Code.VolumeMountFailed,
            object=reference(pod),
            message=f"a volume of the pod cannot be {what}",
            evidence=(f"kubelet: {masked(attach or mount)}",),
            remedy=f"kubectl -n {facts.evidence.namespace} describe {reference(pod)}",
        )
