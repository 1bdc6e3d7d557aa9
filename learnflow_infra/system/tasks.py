"""Event loops and their tasks: programs, and work that is done at the same time."""

import asyncio
import os
import signal
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from learnflow_infra.system.processes import GRACE, Argv, Result, environment, not_started

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """The result of work, in an event loop of its own; Ctrl-C cancels it, a second one ends it.

    `asyncio.run` does the same, but cancels in the signal's handler, which Python runs between
    any two instructions: also within a callback of the loop. The one that copies a thread's
    result (`asyncio.futures._copy_future_state`) then fails, and the loop prints its traceback.
    Here the loop itself cancels, between two callbacks.

    Args:
        work: a coroutine.

    Raises:
        KeyboardInterrupt: Ctrl-C, as soon as the cancelled work has ended.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        return asyncio.run(work)  # noqa: TID251 - without a handler of Ctrl-C
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)
        with _cancelled_by_ctrl_c(task, loop):
            return loop.run_until_complete(task)


@contextmanager
def _cancelled_by_ctrl_c(
    task: "asyncio.Task[Any]", loop: asyncio.AbstractEventLoop
) -> Iterator[None]:
    interrupts = 0

    def handle(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1 or task.done():
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(task.cancel)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except asyncio.CancelledError:
        if not interrupts:
            raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts:
        raise KeyboardInterrupt


@asynccontextmanager
async def group() -> AsyncIterator[asyncio.TaskGroup]:
    """Tasks that have all ended after the block; a failure or a cancellation ends the others.

    `asyncio.gather` leaves the others to the end of the event loop. It cancels them again, and
    a program that is just being started is then waited for without end (CPython issue 119710).

    Raises:
        BaseException: the first failure of a task, by itself and not in an exception group.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as failures:
        first: BaseException = failures.exceptions[0]
    else:
        return
    raise first


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """The results of work that is done at the same time, as a `group` does it."""
    async with group() as tasks:
        started = [tasks.create_task(one) for one in work]
    return [task.result() for task in started]


async def run(
    argv: Argv,
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str | None] | None = None,
    seconds: float | None = None,
    grace: float | None = GRACE,
    own_session: bool = False,
) -> Result:
    """Run a program; a cancelled task or a timeout ends it.

    Args:
        argv: the program and its arguments.
        stdin: its input.
        env: variables to add to this process's own; None removes one.
        seconds: timeout, after which the result is `late`.
        grace: seconds between SIGTERM and SIGKILL; None never kills it.
        own_session: the terminal's Ctrl-C does not reach the program, only this process, which
            ends it; SIGKILL reaches the program's children, too.

    Raises:
        ProgramError: it cannot be started.
    """
    words = [str(word) for word in argv]
    kill = os.killpg if own_session else os.kill
    start = asyncio.create_subprocess_exec(  # noqa: TID251 - the one place
        *words,
        stdin=DEVNULL if stdin is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment(env),
        start_new_session=own_session,
    )
    starting = asyncio.ensure_future(start)
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:  # the program starts nevertheless
        process = await starting
        await _end(process, asyncio.create_task(process.communicate()), grace, kill)
        raise
    except OSError as error:
        raise not_started(words, error) from error
    talk = asyncio.create_task(process.communicate(stdin))
    try:
        await asyncio.wait({talk}, timeout=seconds)
    finally:
        late = not talk.done()
        await _end(process, talk, grace, kill)
    out, err = await talk
    code = process.returncode or 0
    return Result(argv=words, code=code, out=out, err=err, late=late)


async def _end(
    process: Process,
    talk: "asyncio.Task[tuple[bytes, bytes]]",
    grace: float | None,
    kill: Callable[[int, int], None],
) -> None:
    if not talk.done():
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait({talk}, timeout=grace)
    if not talk.done():
        with suppress(ProcessLookupError):
            kill(process.pid, signal.SIGKILL)
        await asyncio.wait({talk})
