"""The search for causes during a wait, at most as often as its input can have changed."""

import math
from collections.abc import Mapping

from learnflow_infra.readiness.causes import Cause
from learnflow_infra.readiness.grace import Changes, GracePeriods
from learnflow_infra.readiness.logs import MIN_AGE
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.view import View

INTERVAL = 0.5
"""Seconds between two searches while objects change all the time."""


class CauseSearch:
    """The causes of one wait, with their grace periods.

    Args:
        view: of the release.
        grace: seconds by code, in place of the release's.
    """

    def __init__(self, view: View, grace: Mapping[str, float]) -> None:
        self._view = view
        self.periods = GracePeriods({**view.release.grace, **grace}, view.release.causes)
        self._last = -math.inf
        self._snapshot: Snapshot | None = None

    def update(self, snapshot: Snapshot, now: float) -> Changes:
        """Search, unless the last search was just before or of the same snapshot.

        The same snapshot is searched again after `MIN_AGE` seconds: logs may have grown.
        """
        age = now - self._last
        if age >= INTERVAL and (snapshot is not self._snapshot or age >= MIN_AGE):
            self._search(snapshot, now)
        return self.periods.changes(now)

    def expired(self, snapshot: Snapshot, now: float, *, late: bool) -> list[Cause]:
        """The causes whose grace is over, by a new search: one may just have healed.

        Args:
            snapshot: of the release.
            now: seconds.
            late: the wait ends now, so that a search is due in any case.
        """
        if late or self.periods.expired(now):
            self._search(snapshot, now)
        return self.periods.expired(now)

    def _search(self, snapshot: Snapshot, now: float) -> None:
        self._last, self._snapshot = now, snapshot
        self.periods.update(self._view.causes(snapshot), now)
