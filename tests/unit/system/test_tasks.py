"""An event loop's work is cancelled by Ctrl-C between two callbacks of the loop."""

import asyncio
import signal
import threading

import pytest

from learnflow_infra.system import tasks


@pytest.fixture(autouse=True)
def default_handler():
    """A job in the background of a shell ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_the_result_of_work_is_returned():
    async def work():
        return 5

    assert tasks.complete(work()) == 5


def test_an_error_of_work_is_raised():
    async def work():
        raise LookupError

    with pytest.raises(LookupError):
        tasks.complete(work())


def test_ctrl_c_is_raised_after_the_cancelled_work_has_ended():
    ended = []

    async def work():
        try:
            ctrl_c()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        tasks.complete(work())
    assert ended


def test_ctrl_c_in_a_callback_cancels_after_it():
    seen = []

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: seen.append(context["message"]))
        future = loop.create_future()

        def set_result():
            if not future.cancelled():
                ctrl_c()  # at this place asyncio's own callback was interrupted
                future.set_result(1)

        loop.call_soon(set_result)
        await future

    with pytest.raises(KeyboardInterrupt):
        tasks.complete(work())
    assert seen == []


def test_ctrl_c_in_the_last_step_is_not_lost():
    async def work():
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        tasks.complete(work())


def test_a_second_ctrl_c_is_raised_at_once():
    async def work():
        ctrl_c()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ctrl_c()
            pytest.fail("the second one was ignored")

    with pytest.raises(KeyboardInterrupt):
        tasks.complete(work())


def test_a_cancellation_that_is_not_ctrl_c_stays_one():
    async def work():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        tasks.complete(work())


def test_an_ignored_ctrl_c_stays_ignored():
    async def work():
        ctrl_c()
        return 5

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert tasks.complete(work()) == 5
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_thread_runs_a_loop_of_its_own():
    async def work():
        return 5

    results = []
    thread = threading.Thread(target=lambda: results.append(tasks.complete(work())))
    thread.start()
    thread.join()
    assert results == [5]
