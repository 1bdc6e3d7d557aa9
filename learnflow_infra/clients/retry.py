"""The one policy for retries and polling (the only import of tenacity).

The caller decides which errors are retried; every other error is an answer. Retries end
after a number of attempts and after a time. The waits grow, with jitter, so that many
callers do not come back at once.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    stop_when_event_set,
    wait_exponential_jitter,
    wait_fixed,
)

T = TypeVar("T")
Retried = type[Exception] | Callable[[BaseException], bool]
"""Which errors are retried: a class, or a predicate."""

ATTEMPTS = 10
SECONDS = 20.0
_BACKOFF = wait_exponential_jitter(multiplier=0.1, max=3.0, jitter=0.2)
_record: Callable[[float], None] | None = None


class TransientError(Exception):
    """A fault that may pass by itself: no connection, or a server that is overloaded.

    `after` is for how many seconds the server asks not to be called again.
    """

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


def call(function: Callable[[], T], *, on: Retried, seconds: float = SECONDS) -> T:
    """Call a function, again on the errors `on`.

    Raises:
        Exception: the last error, after `ATTEMPTS`, or when the next attempt would begin
            later than `seconds` after the first.
    """
    return Retrying(**_policy(on, seconds), sleep=_sleep)(function)


async def call_async(
    function: Callable[[], Awaitable[T]], *, on: Retried, seconds: float = SECONDS
) -> T:
    """Await a function, again on the errors `on`: `call` for coroutines."""

    async def awaited() -> T:  # tenacity awaits what it recognises as a coroutine function
        return await function()

    return await AsyncRetrying(**_policy(on, seconds), sleep=_sleep_async)(awaited)


def persist(function: Callable[[], None], *, on: Retried, until: threading.Event) -> None:
    """Call a function, again on the errors `on`, until it returns or `until` is set.

    For a connection that has to come back however long it takes. Whoever waits for its
    content has a time limit, and sets `until` at its end.
    """
    with suppress(RetryError):
        Retrying(
            retry=_condition(on),
            stop=stop_when_event_set(until),
            wait=_wait,
            sleep=lambda seconds: _sleep(seconds, until.wait),
        )(function)


def poll(
    look: Callable[[], T],
    *,
    until: Callable[[T], bool],
    seconds: float,
    interval: float = 0.3,
) -> tuple[bool, T]:
    """Look every `interval` seconds until `until` holds or `seconds` are over.

    Returns:
        Whether it came to hold, and the result of the last look.

    Raises:
        TransientError: the last look failed by it; earlier ones are waited out.
    """
    policy = Retrying(
        retry=retry_if_result(lambda value: not until(value))
        | retry_if_exception_type(TransientError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(interval),
        sleep=_sleep,
    )
    try:
        return True, policy(look)
    except RetryError as error:
        attempt = error.last_attempt
        if attempt.failed:
            raise attempt.exception() or error from None
        value: T = attempt.result()
        return False, value


@contextmanager
def recorded_waits(instead: Callable[[], object] = lambda: None) -> Iterator[list[float]]:
    """The switch for tests: no wait of this block takes time; the seconds of each are recorded.

    Args:
        instead: called in place of each wait, for what a test lets happen meanwhile.
    """
    global _record  # noqa: PLW0603 - one switch for the process
    waits: list[float] = []

    def record(seconds: float) -> None:
        waits.append(seconds)
        instead()

    before, _record = _record, record
    try:
        yield waits
    finally:
        _record = before


def _policy(on: Retried, seconds: float) -> dict[str, Any]:
    return {
        "retry": _condition(on),
        "stop": stop_after_attempt(ATTEMPTS) | stop_before_delay(seconds),
        "wait": _wait,
        "reraise": True,
    }


def _condition(on: Retried) -> retry_if_exception:
    return retry_if_exception_type(on) if isinstance(on, type) else retry_if_exception(on)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(_BACKOFF(state), error.after if isinstance(error, TransientError) else 0.0)


def _sleep(seconds: float, sleep: Callable[[float], object] = time.sleep) -> None:
    (_record or sleep)(seconds)


async def _sleep_async(seconds: float) -> None:
    if _record is None:
        await asyncio.sleep(seconds)
    else:
        _record(seconds)
