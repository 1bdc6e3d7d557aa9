"""Run programs as tasks of an event loop."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress

from learnflow_infra.system.processes import GRACE, Argv, Result, environment, not_started


async def run(
    argv: Argv,
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
    grace: float | None = GRACE,
    own_session: bool = False,
) -> Result:
    """Run a program; a cancelled task or a timeout ends it.

    Args:
        argv: the program and its arguments.
        stdin: its input.
        env: variables to add to this process's own.
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
