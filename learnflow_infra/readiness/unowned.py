"""Objects of a namespace that belong to none of the releases."""

from collections.abc import Sequence

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Release, ReleaseName, SkillName
from learnflow_infra.readiness import watched
from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.status import evaluate
from learnflow_infra.readiness.view import View
from learnflow_infra.readiness.watches import Watches


def unowned_causes(
    kube: Kube, watches: Watches, namespace: str, views: Sequence[View]
) -> list[Cause] | None:
    """Why these objects are not ready, by the built-in rules only.

    Args:
        kube: for the logs of their containers.
        watches: of the run.
        namespace: that is searched.
        views: of the releases, whose objects are left out.

    Returns:
        The causes, the root first; None where every object belongs to a release.

    Raises:
        ClusterUnreachableError: the API server does not answer.
    """
    paths = watched.namespaced(namespace)
    watches.ensure([*paths, *watched.surroundings(namespace)])
    owned = {obj["metadata"]["uid"] for view in views for obj in view.snapshot().objects}
    objects = [o for o in watches.store.objects(paths) if o["metadata"]["uid"] not in owned]
    if not objects:
        return None
    removed = tuple(rule for view in views for rule in view.release.removed_images)
    unnamed = Release(
        name=ReleaseName(""), skill=SkillName(""), profiles={}, removed_images=removed
    )
    view = View(kube, watches, namespace, unnamed)
    return view.causes(Snapshot(states=tuple(evaluate(objects))), logs=True)
