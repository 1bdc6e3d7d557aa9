"""The one policy for retries and polling (the only import of tenacity).

The caller names the errors that are retried. Retries end after a number of attempts and
after a time. The waits grow, with jitter, so that callers do not retry all at once.
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
_POLL_SECONDS = 0.3
_BACKOFF = wait_exponential_jitter(multiplier=0.1, max=3.0, jitter=0.2)
_AGAIN = wait_exponential_jitter(multiplier=0.3, max=1.8, jitter=0.2)
"""Between lists that take the place of a watch."""
_record: Callable[[float], None] | None = None


class TransientError(Exception):
    """A fault that may end by itself: no connection, or an overloaded server.

    `after` are the seconds that the server asks to wait.
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

    async def awaited() -> T:  # tenacity recognises only coroutine functions
        return await function()

    return await AsyncRetrying(**_policy(on, seconds), sleep=_sleep_async)(awaited)


def persist(function: Callable[[], None], *, on: Retried, until: threading.Event) -> None:
    """Call a function, again on the errors `on`, until it returns or `until` is set.

    For a connection without a time limit of its own; its user sets `until` after its timeout.
    """
    with suppress(RetryError):
        Retrying(
            retry=_condition(on),
            stop=stop_when_event_set(until),
            wait=_wait,
            sleep=lambda seconds: _sleep(seconds, until.wait),
        )(function)


def poll(observe: Callable[[], T], *, until: Callable[[T], bool], seconds: float) -> tuple[bool, T]:
    """Call `observe` every 0.3 seconds until `until` holds for its result, or a timeout.

    Returns:
        Whether it holds, and the last result.

    Raises:
        TransientError: of the last call; earlier ones are ignored.
    """
    policy = Retrying(
        retry=retry_if_result(lambda value: not until(value))
        | retry_if_exception_type(TransientError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(_POLL_SECONDS),
        sleep=_sleep,
    )
    try:
        return True, policy(observe)
    except RetryError as error:
        attempt = error.last_attempt
        if attempt.failed:
            raise attempt.exception() or error from None
        value: T = attempt.result()
        return False, value


def repeat(function: Callable[[], bool], *, on: Retried, until: threading.Event) -> None:
    """Call a function again and again until `until` is set; on the errors `on`, too.

    The waits begin short each time that it returns True, grow to at most 2 seconds, and have
    jitter.
    """
    while not until.is_set():
        with suppress(RetryError):
            Retrying(
                retry=_condition(on) | retry_if_result(lambda news: not news),
                stop=stop_when_event_set(until),
                wait=_AGAIN,
                sleep=lambda seconds: _sleep(seconds, until.wait),
            )(function)
        if not until.is_set():
            _sleep(_POLL_SECONDS, until.wait)


@contextmanager
def recorded_waits(instead: Callable[[], object] = lambda: None) -> Iterator[list[float]]:
    """For tests: waits in this block take no time; their seconds are recorded.

    Args:
        instead: called in place of each wait.
    """
    global _record  # noqa: PLW0603 - one for the process
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
