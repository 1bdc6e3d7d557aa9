import asyncio

import pytest
import tenacity.nap

from learnflow_infra.clients import retry


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch):
    """The real policy, without its waits."""
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda _seconds: None)


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
    assert retry.call(failing(3)) == 4


def test_attempts_are_bounded():
    function = failing(100)
    with pytest.raises(retry.TransientError):
        retry.call(function)
    assert len(function.calls) == retry.ATTEMPTS


def test_everything_else_is_an_answer():
    function = failing(1, ValueError)
    with pytest.raises(ValueError, match="x"):
        retry.call(function)
    assert len(function.calls) == 1


def test_coroutines_are_tried_again_by_the_same_policy():
    flaky, wrong = failing(1), failing(1, ValueError)

    async def of(function):
        return function()

    assert asyncio.run(retry.call_async(lambda: of(flaky))) == 2
    with pytest.raises(retry.TransientError):
        asyncio.run(retry.call_async(lambda: of(failing(9)), seconds=0))
    with pytest.raises(ValueError, match="x"):
        asyncio.run(retry.call_async(lambda: of(wrong)))
    assert len(wrong.calls) == 1


def test_poll_ends_when_it_holds():
    numbers = iter(range(10))
    assert retry.poll(lambda: next(numbers), until=lambda n: n == 3, seconds=60) == (True, 3)


def test_poll_that_never_holds_returns_the_last_look():
    assert retry.poll(lambda: 1, until=lambda n: n == 2, seconds=0) == (False, 1)


def test_poll_waits_out_transient_faults():
    assert retry.poll(failing(2), until=bool, seconds=60) == (True, 3)


def test_poll_that_only_saw_faults_raises_them():
    with pytest.raises(retry.TransientError):
        retry.poll(failing(9), until=bool, seconds=0)
