"""Mark the volume claims of a release, which outlive it, with whose they are and what they keep."""

import json
from collections.abc import Sequence
from contextlib import suppress

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.engine.release import claims, fixed_values
from learnflow_infra.engine.request import marks
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import Release, Values
from learnflow_infra.objects import Object


class ClaimMarker:
    """Marks the claims of one release, each once; a claim that has the marks costs no request.

    `values` are the user-supplied ones of the release; None, where it is not installed, records
    none.

    A user without the right to change claims leaves them unmarked: they are this program's as
    long as the release exists.
    """

    def __init__(self, session: Session, release: Release, values: Values | None) -> None:
        self._session, self._release, self._values = session, release, values
        self._done: set[str] = set()

    def mark_used(
        self, manifest: Sequence[Object], objects: Sequence[Object], existing: Sequence[Object]
    ) -> None:
        """Mark the claims that the release's manifest makes.

        Args:
            manifest: of the release.
            objects: those that belong to the release, by its label.
            existing: all claims of the namespace: those of a StatefulSet may lack the label.
        """
        own = [obj for obj in objects if obj["kind"] == "PersistentVolumeClaim"]
        made = claims.of_release(manifest, own, objects) if own else []
        for claim in (*made, *claims.used_by(manifest, existing)):
            self.mark(claim)

    def mark(self, claim: Object) -> None:
        """Mark a claim, unless it has the marks."""
        name, uid = claim["metadata"]["name"], claim["metadata"]["uid"]
        missing = self._missing(claim)
        if uid in self._done or not missing:
            return
        self._done.add(uid)
        path = f"{api_paths.claims(self._session.namespace)}/{name}"
        with suppress(ApiError):
            self._session.kube.merge(path, {"metadata": {"annotations": missing}})

    def _missing(self, claim: Object) -> dict[str, str]:
        """The annotations that the claim lacks, or has with another text."""
        release, marked = self._release, marks.is_marked(claim, self._release.skill)
        wanted: dict[str, str] = {} if marked else {marks.SKILL: release.skill}
        if self._values is not None and release.fixed_by_volumes:
            first = marks.first_values(claim)
            values = fixed_values.kept(release.fixed_by_volumes, self._values, first)
            wanted[marks.FIRST_VALUES] = json.dumps(values, sort_keys=True)
        present = claim["metadata"].get("annotations") or {}
        return {key: value for key, value in wanted.items() if present.get(key) != value}
