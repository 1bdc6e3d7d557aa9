"""Pure: objects of the past, which a controller is about to replace, or has replaced.

They are no cause, and nothing waits for them: pods of an older ReplicaSet, or of a spec that
its controller has not observed yet; pods that are being deleted; claims of replicas that were
scaled away.
"""

from collections.abc import Iterable, Mapping, Sequence

from learnflow_infra.fields import at, count, items, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness import strimzi, strimzi_specs
from learnflow_infra.readiness.states import is_deleted, owner_uids, unobserved

REVISION = "deployment.kubernetes.io/revision"
"""The annotation of a ReplicaSet by which its Deployment's controller counts revisions."""
_INTERCHANGEABLE = {"ReplicaSet", "ReplicationController", "Job"}
"""Owners that make another pod while one is being deleted; others wait for its name."""


def of_the_past(objects: Sequence[Object]) -> set[str]:
    """The uids of objects whose troubles are no causes: they end with the objects."""
    old = _below(_unseen(objects) | _older_sets(objects), objects)
    deleted = {_uid(obj) for obj in objects if obj["kind"] == "Pod" and is_deleted(obj)}
    return old | deleted | scaled_away(objects)


def uncounted(objects: Sequence[Object]) -> set[str]:
    """The uids of objects that a release is ready without: their owners count in their place."""
    return scaled_away(objects) | {
        _uid(obj)
        for obj in objects
        if obj["kind"] == "Pod" and (_failed_with_owner(obj) or _replaced(obj))
    }


def _failed_with_owner(pod: Object) -> bool:
    return at(pod, "status", "phase") == "Failed" and bool(owner_uids(pod))


def _replaced(pod: Object) -> bool:
    kinds = {text(owner, "kind") for owner in items(pod, "metadata", "ownerReferences")}
    return is_deleted(pod) and bool(kinds & _INTERCHANGEABLE)


def scaled_away(objects: Iterable[Object]) -> set[str]:
    """The uids of claims whose StatefulSet, or set of pods, has fewer replicas than it had."""
    objects = list(objects)
    sets = [obj for obj in objects if obj["kind"] in {"StatefulSet", *strimzi.POD_SETS}]
    pods = {text(obj, "metadata", "name") for obj in objects if obj["kind"] == "Pod"}
    claims = (obj for obj in objects if obj["kind"] == "PersistentVolumeClaim")
    return {_uid(claim) for claim in claims for owner in sets if _of_no_replica(claim, owner, pods)}


def _of_no_replica(claim: Object, owner: Object, pods: set[str]) -> bool:
    """Whether the claim's name ends with that of a pod which the owner has no more."""
    prefix, _, ordinal = text(claim, "metadata", "name").rpartition("-")
    name = text(owner, "metadata", "name")
    pod = f"{name}-{ordinal}"
    if not (ordinal.isdecimal() and prefix.endswith(f"-{name}")) or pod in pods:
        return False
    if owner["kind"] in strimzi.POD_SETS:
        return pod not in {text(item, "metadata", "name") for item in items(owner, "spec", "pods")}
    start = count(owner, "spec", "ordinals", "start")
    return not start <= int(ordinal) < start + count(owner, "spec", "replicas", default=1)


def _unseen(objects: Sequence[Object]) -> set[str]:
    """The uids of objects whose controller or operator has not observed a change of their spec."""
    changed = (obj for obj in objects if count(obj, "metadata", "generation") > 1)
    unseen = [obj for obj in changed if unobserved(obj)]
    parts = strimzi_specs.parts_of(unseen, objects)
    return {_uid(obj) for obj in (*unseen, *parts)}


def _older_sets(objects: Sequence[Object]) -> set[str]:
    """The uids of ReplicaSets of which their Deployment has a newer one."""
    sets = [obj for obj in objects if obj["kind"] == "ReplicaSet" and _revision(obj)]
    newest: dict[str, int] = {}
    for obj in sets:
        for owner in owner_uids(obj):
            newest[owner] = max(newest.get(owner, 0), _revision(obj))
    return {_uid(obj) for obj in sets if _is_older(obj, newest)}


def _is_older(obj: Object, newest: Mapping[str, int]) -> bool:
    return any(_revision(obj) < newest[owner] for owner in owner_uids(obj))


def _revision(obj: Object) -> int:
    value = text(obj, "metadata", "annotations", REVISION)
    return int(value) if value.isdecimal() else 0


def _below(roots: set[str], objects: Sequence[Object]) -> set[str]:
    """The uids of the pods that these objects own, directly or not."""
    owners, added = set(roots), roots
    while added:
        added = {_uid(obj) for obj in objects if owner_uids(obj) & added} - owners
        owners |= added
    return {_uid(obj) for obj in objects if obj["kind"] == "Pod" and _uid(obj) in owners}


def _uid(obj: Object) -> str:
    return text(obj, "metadata", "uid")
