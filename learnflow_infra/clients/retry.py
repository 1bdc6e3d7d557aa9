"""The one retry and polling policy (the only import of tenacity).

Only `TransientError` is retried; everything else is an answer. Retries end by
attempts *and* by time, with jitter, so that many callers do not come back at once.
"""

import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryError,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    sleep_using_event,
    stop_after_attempt,
    stop_after_delay,
    stop_when_event_set,
    wait_exponential_jitter,
    wait_fixed,
)

T = TypeVar("T")

ATTEMPTS = 10
SECONDS = 20.0
_JITTERED = wait_exponential_jitter(multiplier=0.1, max=3.0, jitter=0.2)


class TransientError(Exception):
    """A fault that may pass by itself: connection lost, 429, or a 5xx answer."""


def call(function: Callable[[], T], *, seconds: float = SECONDS) -> T:
    """Call `function`, again on a `TransientError`.

    Raises:
        TransientError: the last one, after 10 attempts or `seconds`.
    """
    return Retrying(**_policy(seconds))(function)


async def call_async(function: Callable[[], Awaitable[T]], *, seconds: float = SECONDS) -> T:
    """Await `function`, again on a `TransientError`: `call` for coroutines.

    Raises:
        TransientError: the last one, after 10 attempts or `seconds`.
    """

    async def awaited() -> T:  # tenacity awaits what it sees to be a coroutine function
        return await function()

    return await AsyncRetrying(**_policy(seconds))(awaited)


def _policy(seconds: float) -> dict[str, Any]:
    return {
        "retry": retry_if_exception_type(TransientError),
        "stop": stop_after_attempt(ATTEMPTS) | stop_after_delay(seconds),
        "wait": _JITTERED,
        "reraise": True,
    }


def persist(function: Callable[[], None], *, until: threading.Event) -> None:
    """Call `function`, again on a `TransientError`, until it returns or `until` is set.

    For a connection that has to come back however long it takes; who waits for what comes
    over it has a time limit, and sets `until` at its end.
    """
    with suppress(TransientError):  # the last one, of when `until` was set
        Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_when_event_set(until),
            wait=_JITTERED,
            sleep=sleep_using_event(until),
            reraise=True,
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
        Whether it came to hold, and what was seen last.

    Raises:
        TransientError: when even the last look failed by one; earlier ones are waited out.
    """
    policy = Retrying(
        retry=retry_if_result(lambda value: not until(value))
        | retry_if_exception_type(TransientError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(interval),
    )
    try:
        return True, policy(look)
    except RetryError as error:
        attempt = error.last_attempt
        if attempt.failed:
            raise attempt.exception() or error from None
        value: T = attempt.result()
        return False, value
