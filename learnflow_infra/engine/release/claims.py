"""Which volume claims belong to a release."""

import re
from collections.abc import Iterable, Mapping, Sequence

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.fields import items, text
from learnflow_infra.objects import Object, is_pod
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.readiness.states import claim_names


def used_by(objects: Iterable[Object], claims: Iterable[Object]) -> list[Object]:
    """The claims that the StatefulSets of a manifest have or would take, by their names.

    Source: getPersistentVolumeClaimName of the StatefulSet controller.
    """
    patterns = [
        re.compile(rf"{re.escape(text(template, 'metadata', 'name'))}-{re.escape(name)}-\d+")
        for obj in objects
        if obj["kind"] == "StatefulSet"
        for name in [obj["metadata"]["name"]]
        for template in items(obj, "spec", "volumeClaimTemplates")
    ]
    return [c for c in claims if any(p.fullmatch(c["metadata"]["name"]) for p in patterns)]


def has_operator(objects: Iterable[Object]) -> bool:
    """Whether a manifest has custom resources, whose operator makes claims by its own rules."""
    return any(is_custom(group_of(obj["apiVersion"])) for obj in objects)


def of_labels(kube: Kube, namespace: str, labels: Mapping[str, str]) -> list[Object]:
    """The claims of a namespace with all of these labels; none if no label is given."""
    path = api_paths.claims(namespace)
    return kube.items(path, labels=api_paths.selector(labels)) if labels else []


def labelled(claims: Iterable[Object], labels: Mapping[str, str]) -> list[Object]:
    """The claims with all of these labels; none if no label is given."""
    wanted = labels.items()
    return [c for c in claims if wanted and wanted <= (c["metadata"].get("labels") or {}).items()]


def of_release(
    manifest: Sequence[Object], claims: Sequence[Object], members: Iterable[Object] = ()
) -> list[Object]:
    """The claims that the objects of a manifest use: StatefulSets, and those of operators.

    Args:
        manifest: of the release.
        claims: those that exist.
        members: the objects that belong to the release, with the pods of operators.
    """
    named = used_by(manifest, claims)
    if not has_operator(manifest):
        return named
    names = {claim["metadata"]["name"] for claim in named} | _mounted(members)
    return [claim for claim in claims if claim["metadata"]["name"] in names]


def _mounted(objects: Iterable[Object]) -> set[str]:
    """The names of the claims that the pods of controllers use, among these objects."""
    return {
        name
        for pod in objects
        if is_pod(pod) and pod["metadata"].get("ownerReferences")
        for name in claim_names(pod)
    }
