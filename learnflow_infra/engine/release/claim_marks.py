"""Mark the volume claims of a release, which outlive it, as this program's."""

from collections.abc import Sequence
from contextlib import suppress

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.engine.release import claims
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release
from learnflow_infra.objects import Object


class ClaimMarker:
    """Marks the claims of one release, each once; a claim that has the mark costs no request.

    A user without the right to change claims leaves them unmarked: they are this program's as
    long as the release exists.
    """

    def __init__(self, session: Session, release: Release) -> None:
        self._session, self._release = session, release
        self._done: set[str] = set()

    def mark_used(self, manifest: Sequence[Object], objects: Sequence[Object]) -> None:
        """Mark the claims, of the release's objects, that its manifest makes."""
        existing = [obj for obj in objects if obj["kind"] == "PersistentVolumeClaim"]
        for claim in claims.of_release(manifest, existing, objects) if existing else ():
            self.mark(claim)

    def mark(self, claim: Object) -> None:
        """Mark a claim, unless it is marked."""
        name, uid = claim["metadata"]["name"], claim["metadata"]["uid"]
        if uid in self._done or marks.is_marked(claim, self._release.skill):
            return
        self._done.add(uid)
        path = f"{api_paths.claims(self._session.namespace)}/{name}"
        body = {"metadata": {"annotations": {marks.SKILL: self._release.skill}}}
        with suppress(ApiError):
            self._session.kube.merge(path, body)
