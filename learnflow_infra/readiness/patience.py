"""Pure: how long each cause has lasted, against the time in which it may heal."""

import math
from collections.abc import Iterable, Mapping, Sequence

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import Cause, Policy, policy

_Key = tuple[str, str]
QUIET = 0.1
"""The part of a grace for which a cause is not told: what starts is not ready at first."""


class Patience:
    """Takes the causes as they are seen; a cause that is not among them has healed.

    Args:
        grace: seconds by code that take the place of the policies' own.
        declared: causes that the skill declares, with theirs.
    """

    def __init__(
        self, grace: Mapping[str, float] | None = None, declared: Sequence[DeclaredCause] = ()
    ) -> None:
        self._grace, self._declared = grace or {}, declared
        self._since: dict[_Key, float] = {}
        self._causes: list[Cause] = []
        self._told: dict[_Key, Cause] = {}

    def policy(self, cause: Cause) -> Policy:
        """What is done about a cause."""
        return policy(cause.code, self._grace, self._declared)

    def take(self, causes: Iterable[Cause], now: float) -> None:
        """Take the causes of the moment `now` (seconds)."""
        self._causes = list(causes)
        self._since = {key: self._since.get(key, now) for key in map(_key, self._causes)}

    def news(self, now: float) -> tuple[list[Cause], list[Cause]]:
        """The causes that lasted long enough to be told now; and those told ones that went."""
        came = [cause for cause in self._causes if self._untold(cause) and self._due(cause) <= now]
        self._told |= {_key(cause): cause for cause in came}
        went = [cause for key, cause in self._told.items() if key not in self._since]
        self._told = {key: cause for key, cause in self._told.items() if key in self._since}
        return came, went

    def _untold(self, cause: Cause) -> bool:
        return _key(cause) not in self._told

    def _due(self, cause: Cause) -> float:
        return self._since[_key(cause)] + self.policy(cause).grace * QUIET

    def left(self, cause: Cause, now: float) -> float:
        """Seconds in which a cause may still heal; inf when it is only told."""
        lasted = now - self._since[_key(cause)]
        return self.policy(cause).grace - lasted

    def over(self, now: float) -> list[Cause]:
        """The causes whose grace is over, the first one the worst."""
        return [cause for cause in self._causes if self.left(cause, now) <= 0]

    def next(self, now: float) -> float:
        """Seconds until the next grace is over; inf when none will be."""
        return min((self.left(cause, now) for cause in self._causes), default=math.inf)

    def next_news(self, now: float) -> float:
        """Seconds until the next cause is to be told; inf when none will be."""
        untold = filter(self._untold, self._causes)
        return min((self._due(cause) - now for cause in untold), default=math.inf)


def _key(cause: Cause) -> _Key:
    """The same trouble of another replica goes on."""
    return cause.code, cause.owner or cause.object
