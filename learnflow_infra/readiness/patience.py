"""Pure: how long each cause has lasted, against the time in which it may heal."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.models import DeclaredCause
from learnflow_infra.readiness.causes import Cause, Policy, policy

_Key = tuple[str, str]
QUIET = 0.1
"""The part of a grace for which a cause is not told: what starts is not ready at first."""


@dataclass(frozen=True, kw_only=True)
class _Lasting:
    """A cause that may end a wait: since when, and for how long it may, both in seconds."""

    cause: Cause
    since: float
    grace: float

    @property
    def due(self) -> float:
        """When it is to be told."""
        return self.since + self.grace * QUIET

    @property
    def end(self) -> float:
        """When its grace is over."""
        return self.since + self.grace


class Patience:
    """Takes the causes as they are seen; a cause that is not among them has healed.

    Args:
        grace: seconds by code that take the place of the policies' own.
        declared: causes that the skill declares, with theirs.
    """

    def __init__(
        self, grace: Mapping[str, float] | None = None, declared: Sequence[DeclaredCause] = ()
    ) -> None:
        self._policy = functools.cache(lambda code: policy(code, grace or {}, declared))
        self._lasting: dict[_Key, _Lasting] = {}
        self._told: dict[_Key, Cause] = {}

    def policy(self, cause: Cause) -> Policy:
        """What is done about a cause."""
        return self._policy(cause.code)

    def take(self, causes: Iterable[Cause], now: float) -> None:
        """Take the causes of the moment `now` (seconds)."""
        before, self._lasting = self._lasting, {}
        for cause in causes:
            key, grace = _key(cause), self.policy(cause).grace
            if grace < math.inf and key not in self._lasting:
                since = before[key].since if key in before else now
                self._lasting[key] = _Lasting(cause=cause, since=since, grace=grace)

    def news(self, now: float) -> tuple[list[tuple[Cause, float]], list[Cause]]:
        """What is to be told now, each once.

        Returns:
            The causes that have lasted for long enough, with the seconds in which they may
            still heal; and those that were told, and went.
        """
        came = [item for item in self._untold() if item.due <= now]
        self._told |= {_key(item.cause): item.cause for item in came}
        went = [cause for key, cause in self._told.items() if key not in self._lasting]
        self._told = {key: cause for key, cause in self._told.items() if key in self._lasting}
        return [(item.cause, item.end - now) for item in came], went

    def _untold(self) -> list[_Lasting]:
        return [item for key, item in self._lasting.items() if key not in self._told]

    def over(self, now: float) -> list[Cause]:
        """The causes whose grace is over, the first one the worst."""
        return [item.cause for item in self._lasting.values() if item.end <= now]

    def next(self, now: float) -> float:
        """Seconds until the next grace is over, or the next cause is to be told; inf for none.

        What is due is to be taken from `news` and `over` first.
        """
        moments = [item.end for item in self._lasting.values()]
        moments += [item.due for item in self._untold()]
        return min((moment - now for moment in moments), default=math.inf)


def _key(cause: Cause) -> _Key:
    """The same trouble of another replica goes on."""
    return cause.code, cause.owner or cause.object
