"""Pure: the claims that pods of a release mount: those that lose data, or wait for a pod."""

from collections.abc import Iterable

from learnflow_infra.fields import text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import claim_names, ends, is_deleted


def mounted(own: Iterable[Object], objects: Iterable[Object]) -> list[Object]:
    """The claims that pods of a release mount, whoever made them.

    Args:
        own: the release's objects; pods that ended or are being deleted do not count.
        objects: those among which the claims are.
    """
    pods = [obj for obj in own if obj["kind"] == "Pod" and not ends(obj)]
    used = {(_namespace(pod), name) for pod in pods for name in claim_names(pod)}
    claims = [obj for obj in objects if obj["kind"] == "PersistentVolumeClaim"] if used else []
    return [obj for obj in claims if (_namespace(obj), obj["metadata"]["name"]) in used]


def with_lost_claims(own: list[Object], objects: Iterable[Object]) -> list[Object]:
    """A release's objects, and the claims of its pods that lose their data, whoever made them."""
    known = _uids(own)
    lost = [obj for obj in mounted(own, objects) if _loses_data(obj)]
    return [*own, *(obj for obj in lost if obj["metadata"]["uid"] not in known)]


def waiting_for_a_pod(own: Iterable[Object], classes: Iterable[Object]) -> set[str]:
    """The uids of a release's claims whose class binds them to the first pod, and that have none.

    Source: https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
    """
    own = list(own)
    late = {
        text(obj, "metadata", "name")
        for obj in classes
        if obj.get("volumeBindingMode") == "WaitForFirstConsumer"
    }
    claims = [obj for obj in own if text(obj, "spec", "storageClassName") in late]
    all_of_them, used = map(_uids, (claims, mounted(own, claims)))
    return all_of_them - used


def _loses_data(claim: Object) -> bool:
    deleted = is_deleted(claim)
    return deleted or text(claim, "status", "phase") == "Lost"


def _uids(objects: Iterable[Object]) -> set[str]:
    return {obj["metadata"]["uid"] for obj in objects}


def _namespace(obj: Object) -> str:
    return text(obj, "metadata", "namespace")
