import asyncio
import threading

import pytest

from learnflow_infra.clients import retry


@pytest.fixture(autouse=True)
def waits():
    """The real policy, without its waits."""
    with retry.recorded_waits() as recorded:
        yield recorded


def failing(times, error=retry.TransientError):
    calls = []

    def function():
        calls.append(1)
        if len(calls) <= times:
            raise error("x")
        return len(calls)

    function.calls = calls
    return function


def test_transient_faults_are_tried_again():
    assert retry.call(failing(3), on=retry.TransientError) == 4


def test_attempts_are_bounded():
    function = failing(100)
    with pytest.raises(retry.TransientError):
        retry.call(function, on=retry.TransientError)
    assert len(function.calls) == retry.ATTEMPTS


def test_everything_else_is_an_answer():
    function = failing(1, ValueError)
    with pytest.raises(ValueError, match="x"):
        retry.call(function, on=retry.TransientError)
    assert len(function.calls) == 1


def test_coroutines_are_tried_again_by_the_same_policy():
    flaky, wrong = failing(1), failing(1, ValueError)

    async def of(function):
        return function()

    assert asyncio.run(retry.call_async(lambda: of(flaky), on=retry.TransientError)) == 2
    with pytest.raises(retry.TransientError):
        asyncio.run(retry.call_async(lambda: of(failing(9)), on=retry.TransientError, seconds=0))
    with pytest.raises(ValueError, match="x"):
        asyncio.run(retry.call_async(lambda: of(wrong), on=retry.TransientError))
    assert len(wrong.calls) == 1


def test_poll_ends_when_the_condition_is_true():
    numbers = iter(range(10))
    assert retry.poll(lambda: next(numbers), until=lambda n: n == 3, seconds=60) == (True, 3)


def test_poll_that_never_holds_returns_the_last_look():
    assert retry.poll(lambda: 1, until=lambda n: n == 2, seconds=0) == (False, 1)


def test_poll_waits_out_transient_faults():
    assert retry.poll(failing(2), until=bool, seconds=60) == (True, 3)


def test_poll_that_only_saw_faults_raises_them():
    with pytest.raises(retry.TransientError):
        retry.poll(failing(9), until=bool, seconds=0)


def test_only_errors_that_the_caller_lists_are_retried():
    assert retry.call(failing(3, ValueError), on=ValueError) == 4
    assert retry.call(failing(3, ValueError), on=lambda error: str(error) == "x") == 4
    with pytest.raises(ValueError, match="x"):
        retry.call(failing(1, ValueError), on=lambda error: str(error) == "y")


def test_the_waits_grow_and_are_at_least_what_the_server_asks_for(waits):
    retry.call(failing(3), on=retry.TransientError)
    assert all(wait >= 0.1 * 2**number for number, wait in enumerate(waits))
    assert 0 < waits[0] < waits[-1] < 1
    del waits[:]
    retry.call(
        failing(1, lambda message: retry.TransientError(message, after=5)), on=retry.TransientError
    )
    assert waits == [5]


def test_a_wait_that_would_end_too_late_is_not_begun(waits):
    with pytest.raises(retry.TransientError):
        retry.call(
            failing(1, lambda message: retry.TransientError(message, after=5)),
            on=retry.TransientError,
            seconds=4,
        )
    assert waits == []


def test_persisting_ends_when_its_event_is_set(waits):
    over = threading.Event()
    calls = []

    def function():
        calls.append(1)
        if len(calls) == retry.ATTEMPTS * 2:
            over.set()
        raise retry.TransientError("x")

    retry.persist(function, on=retry.TransientError, until=over)
    assert len(calls) == retry.ATTEMPTS * 2
    with pytest.raises(ValueError, match="x"):
        retry.persist(failing(1, ValueError), on=retry.TransientError, until=over)
