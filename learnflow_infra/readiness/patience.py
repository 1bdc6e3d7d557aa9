"""Pure: how long each cause has lasted, against the time in which it may heal."""

import math
from collections.abc import Iterable, Mapping, Sequence

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import Cause, Policy, policy

_Key = tuple[str, str]


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

    def policy(self, cause: Cause) -> Policy:
        """What is done about a cause."""
        return policy(cause.code, self._grace, self._declared)

    def take(self, causes: Iterable[Cause], now: float) -> tuple[list[Cause], list[Cause]]:
        """Take the causes of the moment `now` (seconds); returns those that came, and went."""
        before, self._causes = self._causes, list(causes)
        keys = set(map(_key, self._causes))
        came = [cause for cause in self._causes if _key(cause) not in self._since]
        went = [cause for cause in before if _key(cause) not in keys]
        self._since = {key: self._since.get(key, now) for key in keys}
        return came, went

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


def _key(cause: Cause) -> _Key:
    """The same trouble of another replica goes on."""
    return cause.code, cause.owner or cause.object
