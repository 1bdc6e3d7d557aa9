"""Objects of a release in API versions that the cluster no longer serves.

Helm cannot upgrade such a release, because it reads the old manifest by the cluster's API, and
leaves such objects behind when it uninstalls. The live object is the same in each version, so
the version in helm's record is replaced by one that is served. A kind that is not served at all
has no objects: it is left out.
Modelled on helm-mapkubeapis.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from learnflow_infra import documents
from learnflow_infra.clients import helm_storage
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.documents.reading import parse_all, parts
from learnflow_infra.engine.release import drift, served_kinds
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Message
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.groups import group_of

Version = tuple[str, str]
"""API version and kind."""
_SPLIT_UP = "extensions"
"""The API group whose kinds moved to apps, networking.k8s.io and policy."""


def mend(session: Session, release: ReleaseName, live: Live, desired: Sequence[Object]) -> bool:
    """Replace the API versions in a revision that the cluster does not serve.

    Args:
        session: the cluster.
        release: whose record is read by helm's next operation.
        live: that revision.
        desired: objects of the next revision, whose versions are preferred.

    Returns:
        Whether any was replaced.

    Raises:
        ApiError: the record cannot be written.
    """
    objects = live.manifest.objects
    locate = drift.locator(session.kube, session.namespace, objects)
    removed = {(obj["apiVersion"], obj["kind"]) for obj in objects if not locate(obj)}
    if not removed:
        return False
    served = {kind: served_kinds.served_in(session.kube, kind) for _, kind in removed}
    chosen = {version: replacement(version, served[version[1]], desired) for version in removed}
    text = rewritten(live.manifest, chosen)
    helm_storage.rewrite(session.kube, session.namespace, release, live.revision, text)
    for (version, kind), new in sorted(chosen.items()):
        now = f"{new} stands for it" if new else f"no object of the kind {kind} exists"
        session.emit(
            Message(
                text=f"The cluster no longer serves {kind} in {version}: in the record of "
                f"{release}, {now}."
            )
        )
    return True


def replacement(version: Version, served: Sequence[str], desired: Sequence[Object]) -> str:
    """The API version in which the objects of a removed version are found; "" if there is none.

    Args:
        version: that is no longer served.
        served: the API versions that serve the kind.
        desired: objects of the next revision.
    """
    removed, kind = version
    group = group_of(removed)
    preferred = [obj["apiVersion"] for obj in desired if obj["kind"] == kind]
    candidates = [item for item in (*preferred, *served) if item in served]
    same = [item for item in candidates if group_of(item) == group]
    moved = candidates if group == _SPLIT_UP else []
    return next(iter([*same, *moved]), "")


def rewritten(manifest: Manifest, chosen: Mapping[Version, str]) -> str:
    """The text of a manifest with other API versions; "" leaves an object out."""
    return "".join(f"---\n{text}" for text in map(_part(chosen), parts(manifest.text)) if text)


def _part(chosen: Mapping[Version, str]) -> Callable[[str], str]:
    def part(text: str) -> str:
        """One document of the text, unchanged unless it has an object of such a version."""
        (document,) = parse_all(text) or [None]
        new = _document(document, chosen) if document else None
        if new == document:
            return text.strip("\n") + "\n" if document else ""
        comments = [line for line in text.splitlines() if line.startswith("# Source: ")]
        return "\n".join([*comments, documents.dump(new)]) if new else ""

    return part


def _document(document: Fields, chosen: Mapping[Version, str]) -> Any:
    version, kind = str(document.get("apiVersion")), str(document.get("kind"))
    items = document.get("items")
    if kind.endswith("List") and isinstance(items, list):
        kept = [_document(item, chosen) for item in items if isinstance(item, dict)]
        return {**document, "items": [item for item in kept if item]}
    new = chosen.get((version, kind), version)
    return {**document, "apiVersion": new} if new else None
