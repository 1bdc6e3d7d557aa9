"""Claims that are being deleted while a release's pods mount them.

Their data go with the last of these pods, so that a change which replaces pods would lose them.
Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/, "Storage Object in Use
Protection".
"""

from collections.abc import Sequence

from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, Reference, reference
from learnflow_infra.readiness import watched
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.mounted import mounted
from learnflow_infra.readiness.owned import members
from learnflow_infra.readiness.states import is_deleted

_CLAIMS = watched.COLLECTIONS["PersistentVolumeClaim"]


def find(session: Session, release: ReleaseName, manifest: Sequence[Object]) -> list[Reference]:
    """The claims that are being deleted and that pods of a release mount, in their namespace.

    Where no claim is being deleted, this is one request for each namespace.

    Args:
        session: the cluster.
        release: whose label its pods may have.
        manifest: its objects, the owners of its pods.
    """
    parts = expected(manifest)
    places = {session.namespace: (release, parts.names), **_elsewhere(session, manifest)}
    return [
        name
        for namespace, (label, names) in places.items()
        for name in _in_namespace(session, namespace, label, names, parts.kinds)
    ]


def require_none(session: Session, release: ReleaseName, manifest: Sequence[Object]) -> None:
    """Refuse to change a release while its pods hold claims that are being deleted.

    Args:
        session: the cluster.
        release: to be changed.
        manifest: its objects.

    Raises:
        RefusedError: naming the claims.
    """
    found = find(session, release, manifest)
    if found:
        raise RefusedError(
            f"{release}: {', '.join(found)} {'are' if len(found) > 1 else 'is'} being deleted.",
            why="The data are deleted as soon as the pods end that mount the claim, "
            "and a change of the release may replace them.",
            remedy="Save the data first (pg_dump, or copy the files out of the pod).\n"
            "Then delete the pods: they start with a new, empty claim, into which the data "
            f"can be restored. See who mounts it: kubectl -n {session.namespace} describe "
            f"{' '.join(found)}",
        )


def _elsewhere(
    session: Session, manifest: Sequence[Object]
) -> dict[str, tuple[str, Sequence[Reference]]]:
    others = expected(manifest).elsewhere
    return {name: ("", names) for name, names in others.items() if name != session.namespace}


def _in_namespace(
    session: Session,
    namespace: str,
    label: str,
    names: Sequence[Reference],
    kinds: Sequence[tuple[str, str]],
) -> list[Reference]:
    claims = session.kube.items(_CLAIMS.format(namespace))
    deleted = [claim for claim in claims if is_deleted(claim)]
    if not deleted:
        return []
    paths = watched.paths(session.kube, namespace, kinds)
    objects = [obj for path in paths for obj in session.kube.items(path)]
    return [reference(claim) for claim in mounted(members(objects, label, names), deleted)]
