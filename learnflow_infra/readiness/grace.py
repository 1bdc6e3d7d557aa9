"""Pure: how long each cause has lasted, and how long its grace is."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import Cause, CauseCode, Policy, policy

_Key = tuple[CauseCode, str]
QUIET = 0.1
"""The fraction of its grace for which a cause is not reported: a starting pod is not ready."""


@dataclass(frozen=True, kw_only=True)
class _Period:
    """A cause and its grace: both times in seconds."""

    cause: Cause
    since: float
    grace: float

    @property
    def reported_from(self) -> float:
        """When the cause is reported."""
        return self.since + self.grace * QUIET

    @property
    def end(self) -> float:
        """When the grace is over."""
        return self.since + self.grace


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Causes to report: new ones with the seconds of grace that are left, and healed ones."""

    new: Sequence[tuple[Cause, float]] = ()
    healed: Sequence[Cause] = ()


class GracePeriods:
    """The grace periods of the causes of the last search; a cause not among them has healed.

    Causes without an end of their grace never end a wait, and are left out.

    Args:
        grace: seconds by code, in place of the policies'.
        declared: causes that the skill declares, with their grace.
    """

    def __init__(
        self, grace: Mapping[str, float] | None = None, declared: Sequence[DeclaredCause] = ()
    ) -> None:
        self._policy = functools.cache(lambda code: policy(code, grace or {}, declared))
        self._periods: dict[_Key, _Period] = {}
        self._reported: dict[_Key, Cause] = {}

    def policy(self, cause: Cause) -> Policy:
        """The policy of a cause."""
        return self._policy(cause.code)

    def update(self, causes: Iterable[Cause], now: float) -> None:
        """Replace the causes by those of a search at `now` (seconds); their periods continue."""
        before, self._periods = self._periods, {}
        for cause in causes:
            key, grace = _key(cause), max(self.policy(cause).grace, cause.grace)
            if grace < math.inf and key not in self._periods:
                since = before[key].since if key in before else now
                self._periods[key] = _Period(cause=cause, since=since, grace=grace)

    def changes(self, now: float) -> Changes:
        """The causes that are due to be reported, and those that healed; each only once."""
        due = [period for period in self._unreported() if period.reported_from <= now]
        self._reported |= {_key(period.cause): period.cause for period in due}
        healed = [cause for key, cause in self._reported.items() if key not in self._periods]
        self._reported = {k: cause for k, cause in self._reported.items() if k in self._periods}
        return Changes(new=[(period.cause, period.end - now) for period in due], healed=healed)

    def _unreported(self) -> list[_Period]:
        return [period for key, period in self._periods.items() if key not in self._reported]

    def expired(self, now: float) -> list[Cause]:
        """The causes whose grace is over, the root first."""
        return [period.cause for period in self._periods.values() if period.end <= now]

    def next(self, now: float) -> float:
        """Seconds until a grace is over or a cause is due to be reported; inf for never."""
        moments = [period.end for period in self._periods.values()]
        moments += [period.reported_from for period in self._unreported()]
        return min((moment - now for moment in moments), default=math.inf)


def _key(cause: Cause) -> _Key:
    """Code and owner: the same cause at another replica continues the period."""
    return cause.code, cause.owner or cause.object
